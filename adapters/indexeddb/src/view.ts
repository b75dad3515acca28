import type {
  BatchFacts,
  KeyRecord,
  MessageRecord,
  Namespace,
  RunHead,
  RunId,
  TaskId,
  TaskRecord,
} from '@perdure/core/storage';
import { homeOf, type Ghost } from './layout.js';
import type { Run } from './run.js';

/** What a commit took from memory. */
export type Taken = ReadonlyMap<RunId, Run>;

/** A run's inbox while one transaction works on it. */
export interface Inbox {
  /** Position of the newest message in the store. */
  top: number;
  /** Messages up to here are dropped. */
  dropped: number;
  added: MessageRecord[];
  /** Of the messages that are to be put, those in the store: identity to position. */
  readonly known: Map<string, number>;
}

/**
 * What one transaction knows: everything that its batches name, as it is in the store, then as the batches leave it.
 * Nothing is written before all of them have been applied, so each record is written once.
 */
export class View implements BatchFacts {
  readonly runs = new Map<RunId, Run | undefined>();
  /** Tasks outside of runs' records; undefined: there is none. */
  readonly spills = new Map<TaskId, TaskRecord | undefined>();
  /** What is kept of runs that are not there. */
  readonly ghosts = new Map<RunId, Ghost>();
  readonly keys = new Map<string, KeyRecord | undefined>();
  readonly inboxes = new Map<RunId, Inbox>();
  /** Newest position given to a message of a run that was not there then or has gone since, over all of them. */
  floor = 0;

  readonly dirtySpills = new Set<TaskId>();
  readonly dirtyKeys = new Set<string>();
  readonly dirtyGhosts = new Set<RunId>();
  /** Purged runs, as they were first found. */
  readonly purged = new Map<RunId, Run | undefined>();
  /** Runs from this handle's memory. */
  readonly recalled = new Map<RunId, Run>();
  /** Runs and keys that were not looked for: adding them proves that they were not there. */
  readonly assumedRuns = new Set<RunId>();
  readonly assumedKeys = new Set<string>();
  /** What the commit took; undefined where the runs were not named beforehand. */
  readonly taken: Taken | undefined;

  floorMoved = false;
  messagesDropped = false;
  /** What to tell watchers. */
  readonly changed = new Set<RunId>();
  readonly queues = new Set<string>();

  constructor(taken?: Taken) {
    this.taken = taken;
  }

  head(runId: RunId): RunHead | undefined {
    return this.runs.get(runId)?.base;
  }
  token(taskId: TaskId): number | undefined {
    return this.task(taskId)?.token;
  }
  keyValue(namespace: Namespace, key: string): string | null {
    return this.keys.get(keyName({ namespace, key }))?.value ?? null;
  }
  lastPosition(runId: RunId): number {
    const inbox = this.inboxes.get(runId);
    if (inbox === undefined) return 0;
    const last = inbox.added.at(-1)?.position ?? inbox.top;
    return last > inbox.dropped ? last : 0;
  }

  /** Whether nothing is to be written but steps, where nothing was read. */
  get isSteps(): boolean {
    for (const run of this.recalled.values()) if (!run.isStep) return false;
    return this.assumedRuns.size + this.dirtyKeys.size === 0 && !this.messagesDropped;
  }

  ghost(runId: RunId): Ghost {
    return this.ghosts.get(runId) ?? { spilled: 0, strays: false, messages: false };
  }
  setGhost(runId: RunId, changes: Partial<Ghost>): void {
    this.ghosts.set(runId, { ...this.ghost(runId), ...changes });
    this.dirtyGhosts.add(runId);
  }

  task(taskId: TaskId): TaskRecord | undefined {
    const home = this.runs.get(homeOf(taskId));
    return home?.base.tasks.find((task) => task.taskId === taskId) ?? this.spills.get(taskId);
  }
}

export function inboxWith(top: number, known = new Map<string, number>()): Inbox {
  return { top, dropped: 0, added: [], known };
}

export function keyName({ namespace, key }: { readonly namespace: Namespace; readonly key: string }): string {
  return `${namespace}\0${key}`;
}

export function identityOf({
  kind,
  messageId,
}: {
  readonly kind: string;
  readonly messageId: string;
}): string {
  return `${kind}\0${messageId}`;
}
