import type { Batch, ClaimRequest, RunQuery, Write, Expectation, TaskWant } from '@perdure/core/storage';
import type { Random } from '../../random.js';
import type { Reference } from './reference.js';
import { anyChanges, anyNamespace, anyRun, anyTask, statuses, types, type Words } from './words.js';

/** What one step of a script does; batches are made when it is its turn, from what the reference knows then. */
export type Step =
  | { readonly does: 'commit'; readonly client: number; readonly batches: readonly Planned[] }
  | { readonly does: 'claim'; readonly client: number; readonly request: ClaimRequest }
  | { readonly does: 'release'; readonly client: number; readonly owner: string }
  | { readonly does: 'look'; readonly client: number; readonly query: RunQuery; readonly limit: number }
  | {
      readonly does: 'wait';
      readonly client: number;
      readonly namespace: string;
      readonly wants: readonly TaskWant[];
    }
  | { readonly does: 'reopen' };

export interface Planned {
  readonly expect: readonly Planning<Expectation>[];
  readonly writes: readonly Planning<Write>[];
}
type Planning<T> = (reference: Reference) => T;

export function batchOf({ expect, writes }: Planned, reference: Reference): Batch {
  return { expect: expect.map((one) => one(reference)), writes: writes.map((one) => one(reference)) };
}

/** How often each kind of step comes, out of all. */
export interface Mix {
  readonly name: string;
  readonly weights: Readonly<Record<Exclude<Step['does'], 'reopen'>, number>>;
  readonly reopen?: boolean;
  /** Kinds of writes that come up more often than others. */
  readonly favours: readonly Write['kind'][];
}

export interface Plot {
  readonly mix: Mix;
  readonly words: Words;
  readonly steps: number;
  readonly clients: number;
}

export function writeScript(random: Random, plot: Plot): readonly Step[] {
  return Array.from({ length: plot.steps }, (_, n): Step => {
    if (plot.mix.reopen === true && n % 40 === 39) return { does: 'reopen' };
    return anyStep(random, plot, random.below(plot.clients));
  });
}

function anyStep(random: Random, { mix, words }: Plot, client: number): Step {
  switch (weighted(random, mix.weights)) {
    case 'commit': {
      const count = random.chance(0.3) ? 2 + random.below(4) : 1;
      return {
        does: 'commit',
        client,
        batches: Array.from({ length: count }, () => anyBatch(random, mix, words)),
      };
    }
    case 'claim':
      return { does: 'claim', client, request: anyClaim(random, words) };
    case 'release':
      return { does: 'release', client, owner: random.pick(words.owners) };
    case 'look':
      return { does: 'look', client, query: anyQuery(random, words), limit: 1 + random.below(4) };
    case 'wait':
      return {
        does: 'wait',
        client,
        namespace: random.pick(words.namespaces),
        wants: anyWants(random, words),
      };
  }
}

function weighted<Name extends string>(random: Random, weights: Readonly<Record<Name, number>>): Name {
  const names = Object.keys(weights) as [Name, ...Name[]];
  let left = random.next() * names.reduce((sum, name) => sum + weights[name], 0);
  for (const name of names) {
    left -= weights[name];
    if (left < 0) return name;
  }
  return names[0];
}

const writeKinds: readonly [Write['kind'], ...Write['kind'][]] = [
  'insert-run',
  'advance-run',
  'amend-run',
  'put-task',
  'drop-task',
  'drop-tasks',
  'wake-task',
  'put-message',
  'drop-messages',
  'put-key',
  'drop-key',
  'purge-run',
];
const rare: readonly Write['kind'][] = ['purge-run', 'drop-tasks', 'drop-key'];

function anyBatch(random: Random, mix: Mix, words: Words): Planned {
  const kinds = [
    ...writeKinds.filter((kind) => !rare.includes(kind) || random.chance(0.2)),
    ...mix.favours,
    ...mix.favours,
  ];
  const pool = kinds as [Write['kind'], ...Write['kind'][]];
  const writes = Array.from({ length: 1 + random.below(4) }, () =>
    anyWrite(random, words, random.pick(pool)),
  );
  const expect = Array.from({ length: random.chance(0.4) ? 1 + random.below(2) : 0 }, () =>
    anyExpectation(random, words),
  );
  return { expect, writes };
}

/** Mostly what fits the state, sometimes one off, so that refusals come up too. */
function anyWrite(random: Random, words: Words, kind: Write['kind']): Planning<Write> {
  const runId = random.pick(words.runIds);
  const { taskId, runId: home } = random.pick(words.tasks);
  const off = random.chance(0.1) ? random.pick([-1, 1]) : 0;
  switch (kind) {
    case 'insert-run': {
      const write: Write = { kind, run: anyRun(random, words, runId), events: events(random) };
      return () => write;
    }
    case 'advance-run': {
      const added = events(random);
      const changes = random.chance(0.7) ? { changes: anyChanges(random) } : {};
      return (reference) => {
        const fromSeq = Math.max((reference.load(runId)?.run.seq ?? 0) + off, 0);
        return { kind, runId, fromSeq, events: added, ...changes };
      };
    }
    case 'amend-run': {
      const changes = anyChanges(random);
      return () => ({ kind, runId, changes });
    }
    case 'put-task': {
      const task = anyTask(random, words, taskId, random.chance(0.8) ? home : runId);
      return (reference) => {
        const token = Math.max((reference.task(taskId)?.token ?? 0) + Math.max(off, 0), 0);
        return { kind, task: { ...task, token } };
      };
    }
    case 'drop-task':
      return () => ({ kind, taskId });
    case 'drop-tasks':
    case 'purge-run':
      return () => ({ kind, runId });
    case 'wake-task': {
      const at = random.below(60);
      return () => ({ kind, taskId, at });
    }
    case 'put-message': {
      const message = {
        namespace: words.namespaces[0],
        runId,
        kind: random.pick(['signal', 'update']),
        messageId: random.pick(['m1', 'm2', 'm3', 'm4']),
        at: random.below(100),
        body: `body ${random.below(1_000)}`,
      };
      return () => ({ kind, message });
    }
    case 'drop-messages': {
      const through = somePosition(random, runId);
      return (reference) => ({ kind, runId, through: through(reference) });
    }
    case 'put-key': {
      const place = { namespace: random.pick(words.namespaces), key: random.pick(words.keys) };
      const record = { ...place, value: random.pick(['', 'a', 'b']), runId };
      return () => ({ kind, record });
    }
    case 'drop-key': {
      const [inNamespace, key] = [random.pick(words.namespaces), random.pick(words.keys)];
      return () => ({ kind, namespace: inNamespace, key });
    }
  }
}

const expectationKinds = ['run-open', 'run-at', 'token', 'key', 'inbox-read'] as const;

function anyExpectation(random: Random, words: Words): Planning<Expectation> {
  const runId = random.pick(words.runIds);
  const { taskId } = random.pick(words.tasks);
  const off = random.chance(0.2) ? random.pick([-1, 1]) : 0;
  const kind = random.pick(expectationKinds);
  switch (kind) {
    case 'run-open':
      return () => ({ kind, runId });
    case 'run-at':
      return (reference) => ({ kind, runId, seq: Math.max((reference.load(runId)?.run.seq ?? 0) + off, 0) });
    case 'token':
      return (reference) => ({
        kind,
        taskId,
        token: Math.max((reference.task(taskId)?.token ?? 0) + off, 0),
      });
    case 'key': {
      const [inNamespace, key] = [random.pick(words.namespaces), random.pick(words.keys)];
      return (reference) => {
        const value = reference.key(inNamespace, key)?.value ?? null;
        return { kind, namespace: inNamespace, key, value: off === 0 ? value : 'a' };
      };
    }
    case 'inbox-read': {
      const through = somePosition(random, runId);
      return (reference) => ({ kind, runId, through: through(reference) });
    }
  }
}

/** Of a message that is there, before the first, or past the last. */
function somePosition(random: Random, runId: string): Planning<number> {
  const place = random.next();
  return (reference) => {
    const positions = reference.inbox(runId).map(({ position }) => position);
    if (place < 0.1) return 0;
    if (place > 0.9) return Number.MAX_SAFE_INTEGER;
    return positions[Math.floor(place * positions.length)] ?? 0;
  };
}

function events(random: Random): readonly string[] {
  return Array.from({ length: random.below(4) }, () => `event ${random.below(1_000)}`);
}

function anyWants(random: Random, words: Words): ClaimRequest['wants'] {
  return Array.from({ length: 1 + random.below(2) }, () => ({
    kind: random.pick(['workflow', 'activity']),
    queues: random.some(words.queues),
    types: random.chance(0.6) ? null : random.some(types),
    limit: random.below(4),
    leaseMs: random.below(20),
  }));
}

function anyClaim(random: Random, words: Words): ClaimRequest {
  return {
    namespace: anyNamespace(random, words),
    owner: random.pick(words.owners),
    now: random.below(70),
    buildId: random.pick([null, 'b1', 'b2']),
    wants: anyWants(random, words),
  };
}

function anyQuery(random: Random, words: Words): RunQuery {
  const given = <T>(value: T): T | undefined => (random.chance(0.2) ? value : undefined);
  const conditions = {
    workflowType: given(random.pick(types)),
    workflowIdPrefix: given(random.pick(['w', 'w%', 'W', ''])),
    statuses: given(random.some(statuses)),
    taskQueue: given(random.pick(words.queues)),
    startedAfter: given(random.below(40)),
    startedBefore: given(random.below(40)),
    closedAfter: given(random.below(40)),
    closedBefore: given(random.below(40)),
    currentOnly: given(random.chance(0.5)),
    archived: given(random.chance(0.5)),
    where: given({ kind: 'compare', field: { attribute: 'n' }, is: '>', value: random.below(8) } as const),
  };
  const some = Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined));
  return { namespace: anyNamespace(random, words), ...some };
}
