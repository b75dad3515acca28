import { replay, type WorkflowDescription } from '@perdure/core';
import type { Storage } from '@perdure/core/storage';
import { createTestEngine, faulty, type Fault, type FaultPlan, type TestEngine } from '@perdure/testing';
import { MortalStorage } from './mortal-storage.js';
import type { Deployment, Program } from './program.js';
import { World } from './world.js';

/** The process dies when the call begins, or when it has been carried out; or lives on, told of a failure that was none. */
export type Mishap = 'dies before' | 'dies after' | 'told of a failure';
export const mishaps: readonly Mishap[] = ['dies before', 'dies after', 'told of a failure'];

/** A mishap at the storage call of this number. */
export interface Point {
  readonly call: number;
  readonly mishap: Mishap;
}

/** What a program has come to. Two plays of it differ in nothing that stands here. */
export interface Outcome {
  readonly seen: readonly unknown[];
  readonly ledger: readonly string[];
  readonly runs: readonly string[];
}

const startAt = new Date('2026-01-01T00:00:00Z');
const silent = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };
/** So many times may nothing happen until time is moved on by hand, before a play counts as stuck. */
const mostRounds = 200;
/** Longer than any lease and any poll. */
const round = '31s';

/** Plays a program on an empty store, with mishaps at these points; `calls` is how many storage calls were made. */
export async function play(
  program: Program,
  storage: Storage,
  points: readonly Point[] = [],
): Promise<{ readonly outcome: Outcome; readonly calls: number }> {
  const stage = new Stage(storage, points);
  const world = new World();
  const seen: unknown[] = [];
  const deployments = program.deployments(world);
  for (const [index, deployment] of deployments.entries()) {
    seen.push(await stage.run(deployment, index === deployments.length - 1));
  }
  return { outcome: { seen, ledger: world.ledger(), runs: stage.runs }, calls: stage.calls };
}

/** Where a play takes place: one store, one clock, and the process of the moment. */
class Stage {
  runs: readonly string[] = [];
  calls = 0;
  readonly #storage: Storage;
  readonly #faulty: ReturnType<typeof faulty>;
  readonly #mortal: MortalStorage;
  readonly #points: ReadonlyMap<number, Mishap>;
  #now = startAt;
  #engine: TestEngine | undefined;
  #died = signal();
  #deaths = 0;
  #revived: Promise<void> | undefined;

  constructor(storage: Storage, points: readonly Point[]) {
    this.#points = new Map(points.map(({ call, mishap }) => [call, mishap]));
    this.#storage = storage;
    this.#faulty = faulty(storage, this.#plan());
    this.#mortal = new MortalStorage(this.#faulty);
  }

  /** Deploys, lets users do what they do, and shuts down. */
  async run(deployment: Deployment, last: boolean): Promise<unknown> {
    const engine = await this.#open(deployment);
    const seen = await this.#until(deployment.use(engine), engine);
    await this.#until(this.#settled(engine), engine);
    if (last) {
      this.#faulty.heal();
      this.calls = this.#faulty.calls.length;
      this.runs = await this.#look(engine, deployment);
    }
    this.#now = engine.now;
    this.#engine = undefined;
    await Promise.race([engine.close({ grace: 0 }).catch(() => undefined), this.#died.promise]);
    return seen;
  }

  /** Resolves when the process has nothing to do, or has died. */
  async #still(engine: TestEngine): Promise<void> {
    for (let revived: unknown = null; revived !== this.#revived;) await (revived = this.#revived);
    await Promise.race([engine.runUntilIdle(), this.#died.promise]);
  }

  /** Work goes on after its result is known: until it is done, a crash in it counts as well. */
  async #settled(engine: TestEngine): Promise<void> {
    for (let deaths = -1; deaths !== this.#deaths;) {
      deaths = this.#deaths;
      await this.#still(engine);
    }
  }

  #plan(): FaultPlan {
    const die = (): Promise<never> => {
      this.#die();
      return new Promise<never>(() => undefined);
    };
    const fault: Readonly<Record<Mishap, Fault>> = {
      'dies before': { kind: 'delay', when: 'before', until: die },
      'dies after': { kind: 'delay', when: 'after', until: die },
      'told of a failure': { kind: 'fail-after' },
    };
    return {
      fault: ({ index }) => {
        const mishap = this.#points.get(index);
        return mishap && fault[mishap];
      },
    };
  }

  #lastCalls(): string {
    const last = this.#faulty.calls.slice(-40);
    return last.map(({ method, fault }) => (fault === null ? method : `${method} (${fault})`)).join(', ');
  }

  #die(): void {
    this.#mortal.die();
    this.#deaths += 1;
    const died = this.#died;
    this.#died = signal();
    this.#revived = this.#engine && this.#revive(this.#engine, this.#deaths);
    died.resolve();
  }

  /** A process that cannot begin is begun again. */
  async #revive(engine: TestEngine, death: number): Promise<void> {
    await turn();
    while (death === this.#deaths) {
      try {
        return await Promise.race([engine.crash(), this.#died.promise]);
      } catch {
        await turn();
      }
    }
  }

  async #open({ workflows = [], activities = [] }: Deployment): Promise<TestEngine> {
    for (;;) {
      const deaths = this.#deaths;
      const died = this.#died.promise;
      const opening = createTestEngine({
        storage: this.#mortal,
        workflows,
        activities,
        startAt: this.#now,
        logger: silent,
      }).catch(() => undefined);
      const engine = await Promise.race([opening, died]);
      if (engine && deaths === this.#deaths) return (this.#engine = engine);
    }
  }

  /** Waits for it; where nothing happens any more by itself, time moves on as it does in the world. */
  async #until<T>(outcome: Promise<T>, engine: TestEngine): Promise<T> {
    let done = false;
    const ended = outcome.finally(() => {
      done = true;
    });
    ended.catch(() => undefined); // told to the caller below
    for (let rounds = 0; !done;) {
      const before = `${this.#faulty.calls.length} ${engine.now.getTime()} ${this.#deaths}`;
      await Promise.race([ended.catch(() => undefined), this.#still(engine)]);
      await turn();
      if (done || before !== `${this.#faulty.calls.length} ${engine.now.getTime()} ${this.#deaths}`) continue;
      if (++rounds > mostRounds)
        throw new Error(
          `Stuck: nothing happens for ${mostRounds} × ${round}; the last calls were ${this.#lastCalls()}`,
        );
      await Promise.race([engine.advance(round), this.#died.promise]);
    }
    return ended;
  }

  /** What the store holds at the end: every run closed, each with the same events, and nothing left to do. */
  async #look(engine: TestEngine, { workflows = [] }: Deployment): Promise<readonly string[]> {
    const handle = await this.#storage.open();
    const runs: string[] = [];
    for await (const description of engine.iterate()) {
      const { workflowId, runId, runNumber, status } = description;
      const bundle = await engine.handle(workflowId, runId).exportHistory();
      const events = bundle.events as readonly RecordedEvent[];
      checkOutcomes(events);
      const { status: replayed } = await replay(workflows, bundle);
      const tasks = await handle.readTasks(runId);
      const messages = await handle.readInbox(runId, { afterPosition: 0, limit: 10 });
      const types = events.map((event) => event.type).sort();
      const left = `${tasks.length} tasks and ${messages.length} messages left`;
      runs.push([`${nameOf(description)}#${runNumber} ${status} ${replayed}`, left, ...types].join(', '));
    }
    await handle.close();
    return runs.sort();
  }
}

interface RecordedEvent {
  readonly seq: number;
  readonly type: string;
  readonly activityId?: string;
  readonly timerId?: string;
}

const outcomes = new Set([
  'ActivityCompleted',
  'ActivityFailed',
  'ActivityTimedOut',
  'ActivityCancelled',
  'TimerFired',
]);

/** Dense, and each activity and timer with one outcome [G1, G2, G4, G8]. */
function checkOutcomes(events: readonly RecordedEvent[]): void {
  const had = new Set<string>();
  events.forEach(({ seq, type, activityId, timerId }, index) => {
    if (seq !== index + 1) throw new Error(`Event ${index + 1} has the number ${seq}`);
    const of = activityId ?? timerId;
    if (of === undefined || !outcomes.has(type)) return;
    if (had.has(of)) throw new Error(`${of} has two outcomes`);
    had.add(of);
  });
}

/** Children are named after a digest of their parent's run id, which is another one each time. */
function nameOf({ workflowId }: WorkflowDescription): string {
  return workflowId.replaceAll(/[0-9a-f]{12}/g, '…');
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function signal(): { readonly promise: Promise<undefined>; readonly resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<undefined>((done) => {
    resolve = () => done(undefined);
  });
  return { promise, resolve };
}
