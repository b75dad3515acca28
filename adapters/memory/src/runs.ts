import {
  matchesFilter,
  type Namespace,
  type NewRun,
  type RunChanges,
  type RunCursor,
  type RunHead,
  type RunId,
  type RunPage,
  type RunQuery,
  type RunRecord,
  type Seq,
} from '@perdure/core/storage';

/** A run as it is kept. The record that readers see is made when one asks, so that a commit need not copy it. */
export class Run implements RunHead {
  readonly events: string[] = [];
  readonly birth: NewRun;
  changes: RunChanges;
  #attributes: string;
  #archivedAt: number | null;
  #historyBytes = 0;
  #version = 0;
  #record: RunRecord | null = null;

  constructor(birth: NewRun, events: readonly string[]) {
    this.birth = birth;
    this.changes = birth;
    this.#attributes = birth.attributes;
    this.#archivedAt = birth.archivedAt;
    this.write(events, birth);
  }

  get seq(): Seq {
    return this.events.length;
  }
  get closedAt(): number | null {
    return this.changes.closedAt;
  }
  get archivedAt(): number | null {
    return this.#archivedAt;
  }

  write(events: readonly string[], changes: RunChanges | undefined): void {
    for (const event of events) {
      this.events.push(inOnePiece(event));
      this.#historyBytes += event.length;
    }
    if (changes !== undefined) {
      this.changes = changes;
      this.#attributes = changes.attributes ?? this.#attributes;
      if (changes.archivedAt !== undefined) this.#archivedAt = changes.archivedAt;
    }
    this.#version++;
    this.#record = null;
  }

  record(): RunRecord {
    const { status, isCurrent, buildId, closedAt, progressAt, body } = this.changes;
    return (this.#record ??= {
      ...this.birth,
      ...{ status, isCurrent, buildId, closedAt, progressAt, body },
      attributes: this.#attributes,
      archivedAt: this.#archivedAt,
      seq: this.seq,
      historyBytes: this.#historyBytes,
      version: this.#version,
    });
  }
}

/** A text that was put together keeps all its parts, three times the memory, until somebody looks into it. */
function inOnePiece(text: string): string {
  return text.charCodeAt(0) >= 0 ? text : '';
}

/** The runs by id, and those of each namespace in the order of lists. */
export class Runs {
  readonly #runs = new Map<RunId, Run>();
  readonly #lists = new Map<Namespace, List>();

  get(runId: RunId): Run | undefined {
    return this.#runs.get(runId);
  }

  insert(birth: NewRun, events: readonly string[]): void {
    const run = new Run(birth, events);
    this.#runs.set(birth.runId, run);
    const list = this.#lists.get(birth.namespace);
    if (list === undefined) this.#lists.set(birth.namespace, { runs: [run], purged: 0, inOrder: true });
    else {
      const newest = list.runs.at(-1);
      list.inOrder &&= newest === undefined || olderFirst(newest, run) < 0;
      list.runs.push(run);
    }
  }

  purge(runId: RunId): void {
    const run = this.#runs.get(runId);
    if (run === undefined) return;
    this.#runs.delete(runId);
    const list = this.#lists.get(run.birth.namespace);
    if (list !== undefined && ++list.purged * 2 > list.runs.length) this.#sweep(list);
  }

  list(query: RunQuery, { after, limit, oldestFirst = false }: RunPage): readonly RunRecord[] {
    const found: RunRecord[] = [];
    const runs = this.#inOrder(query.namespace);
    const step = oldestFirst ? 1 : -1;
    let i = oldestFirst ? 0 : runs.length - 1;
    if (after !== null) {
      const from = firstFrom(runs, after);
      const isAtCursor = runs[from]?.birth.runId === after.runId;
      i = oldestFirst ? from + Number(isAtCursor) : from - 1;
    }
    for (let run = runs[i]; run !== undefined && found.length < limit; run = runs[(i += step)])
      if (matches(run, query)) found.push(run.record());
    return found;
  }

  count(query: RunQuery): number {
    return this.#inOrder(query.namespace).reduce(
      (count, run) => (matches(run, query) ? count + 1 : count),
      0,
    );
  }

  /** Oldest first; put in order, and rid of purged runs, when somebody looks. */
  #inOrder(namespace: Namespace): readonly Run[] {
    const list = this.#lists.get(namespace);
    if (list === undefined) return [];
    if (list.purged > 0) this.#sweep(list);
    if (!list.inOrder) list.runs.sort(olderFirst);
    list.inOrder = true;
    return list.runs;
  }

  #sweep(list: List): void {
    list.runs = list.runs.filter((run) => this.#runs.get(run.birth.runId) === run);
    list.purged = 0;
  }
}

interface List {
  runs: Run[];
  /** How many of them have been purged. */
  purged: number;
  inOrder: boolean;
}

function olderFirst({ birth: a }: Run, { birth: b }: Run): number {
  return before(a, b) ? -1 : 1;
}

function before(a: RunCursor, b: RunCursor): boolean {
  return a.startedAt === b.startedAt ? a.runId < b.runId : a.startedAt < b.startedAt;
}

/** Index of the first run that is not before the cursor. */
function firstFrom(runs: readonly Run[], cursor: RunCursor): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const run = runs[middle];
    if (run !== undefined && before(run.birth, cursor)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function matches(run: Run, query: RunQuery): boolean {
  const { birth, changes } = run;
  return (
    (query.workflowType === undefined || birth.workflowType === query.workflowType) &&
    (query.workflowId === undefined || birth.workflowId === query.workflowId) &&
    (query.workflowIdPrefix === undefined || birth.workflowId.startsWith(query.workflowIdPrefix)) &&
    (query.taskQueue === undefined || birth.taskQueue === query.taskQueue) &&
    (query.statuses === undefined || query.statuses.includes(changes.status)) &&
    (query.startedAfter === undefined || birth.startedAt > query.startedAfter) &&
    (query.startedBefore === undefined || birth.startedAt < query.startedBefore) &&
    (query.closedAfter === undefined ||
      (changes.closedAt !== null && changes.closedAt > query.closedAfter)) &&
    (query.closedBefore === undefined ||
      (changes.closedAt !== null && changes.closedAt < query.closedBefore)) &&
    (query.currentOnly !== true || changes.isCurrent) &&
    (query.archived === undefined || query.archived === (run.archivedAt !== null)) &&
    (query.where === undefined || matchesFilter(run.record(), query.where))
  );
}
