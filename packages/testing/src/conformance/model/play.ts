import type { StorageHandle } from '@perdure/core/storage';
import { equal, holds } from '../check.js';
import type { Lab } from '../lab.js';
import { inboxOf } from '../steps.js';
import { Reference } from './reference.js';
import { batchOf, type Planned, type Step } from './script.js';
import type { Words } from './words.js';

/** Plays a script on a store and on the reference, and compares after every step. */
export async function play(
  lab: Lab,
  script: readonly Step[],
  words: Words,
  handles: readonly StorageHandle[],
): Promise<void> {
  const player = new Player(lab, words, handles);
  for (const [at, step] of script.entries()) await player.play(step, `step ${at + 1} (${step.does})`);
  await player.compareAll('at the end');
}

class Player {
  readonly #lab: Lab;
  readonly #words: Words;
  readonly #reference = new Reference();
  /** The greatest position that a run has shown: none after it may be less. */
  readonly #seen = new Map<string, number>();
  #handles: readonly StorageHandle[];
  #turn = 0;

  constructor(lab: Lab, words: Words, handles: readonly StorageHandle[]) {
    this.#lab = lab;
    this.#words = words;
    this.#handles = handles;
  }

  async play(step: Step, about: string): Promise<void> {
    if (step.does === 'reopen') return this.#reopen(about);
    const store = this.#handle(step.client);
    switch (step.does) {
      case 'commit':
        return this.#commit(store, step.batches, about);
      case 'claim': {
        const expected = this.#reference.claim(step.request);
        equal(await store.claim(step.request), expected, `${about}: tasks claimed`);
        for (const task of expected)
          equal(await this.#next().readTask(task.taskId), task, `${about}: a task`);
        return;
      }
      case 'release': {
        const expected = this.#reference.release(step.owner);
        equal(await store.releaseLeases(step.owner), expected, `${about}: leases released`);
        return;
      }
      case 'look': {
        const expected = this.#reference.list(step.query);
        const page = { after: null, limit: step.limit };
        equal(await store.listRuns(step.query, page), expected.slice(0, step.limit), `${about}: first page`);
        const last = expected[step.limit - 1];
        const rest = last === undefined ? [] : expected.slice(step.limit);
        if (last !== undefined) {
          const behind = { after: { startedAt: last.startedAt, runId: last.runId }, limit: 100 };
          equal(await store.listRuns(step.query, behind), rest, `${about}: the pages behind it`);
        }
        equal(await store.countRuns(step.query), expected.length, `${about}: count`);
        return;
      }
      case 'wait': {
        const exact = this.#reference.nextWakeAt(step.namespace, step.wants);
        const seen = await store.nextWakeAt({ namespace: step.namespace, wants: step.wants });
        const fine = exact === null ? seen === null : seen !== null && seen <= exact;
        holds(fine, `${about}: nextWakeAt must be ${exact} or earlier`, seen);
        return;
      }
    }
  }

  async compareAll(about: string): Promise<void> {
    for (const runId of this.#words.runIds) await this.#compareRun(runId, about);
    for (const namespace of this.#words.namespaces) {
      const runs = await this.#next().listRuns({ namespace }, { after: null, limit: 1_000 });
      equal(runs, this.#reference.list({ namespace }), `${about}: runs of ${namespace}`);
    }
  }

  async #commit(store: StorageHandle, planned: readonly Planned[], about: string): Promise<void> {
    const batches = [];
    const expected = [];
    for (const plan of planned) {
      const batch = batchOf(plan, this.#reference);
      batches.push(batch);
      expected.push(this.#reference.commit(batch));
    }
    equal(await store.commit(batches), expected, `${about}: results`);
    const touched = new Set<string>();
    for (const write of batches.flatMap(({ writes }) => writes)) {
      if ('runId' in write) touched.add(write.runId);
      else if ('run' in write) touched.add(write.run.runId);
      else if ('task' in write) touched.add(write.task.runId);
      else if ('message' in write) touched.add(write.message.runId);
      else if ('taskId' in write) {
        const expected = this.#reference.task(write.taskId);
        equal(await this.#next().readTask(write.taskId), expected, `${about}: task ${write.taskId}`);
      }
    }
    for (const runId of touched) await this.#compareRun(runId, about);
    await this.#compareKeys(about);
  }

  async #compareKeys(about: string): Promise<void> {
    for (const namespace of this.#words.namespaces) {
      for (const key of this.#words.keys) {
        const expected = this.#reference.key(namespace, key);
        equal(await this.#next().readKey(namespace, key), expected, `${about}: key ${key} of ${namespace}`);
      }
    }
  }

  async #compareRun(runId: string, about: string): Promise<void> {
    const store = this.#next();
    const inbox = await inboxOf(store, runId);
    const known = this.#reference.inbox(runId);
    this.#positions(
      runId,
      known.map(({ position }) => position),
      inbox.map(({ position }) => position),
      about,
    );
    this.#reference.learn(
      runId,
      inbox.map(({ position }) => position),
    );
    equal(inbox, this.#reference.inbox(runId), `${about}: inbox of ${runId}`);
    const [loaded] = await store.loadRuns([{ runId, afterSeq: 0 }]);
    equal(loaded, this.#reference.load(runId), `${about}: run ${runId}`);
    equal(await store.readTasks(runId), this.#reference.tasks(runId), `${about}: tasks of ${runId}`);
  }

  /** Messages keep their positions; new ones are behind all that the run has ever shown. */
  #positions(runId: string, known: readonly number[], seen: readonly number[], about: string): void {
    let least = this.#seen.get(runId) ?? 0;
    for (const [at, position] of seen.entries()) {
      const before = known[at];
      if (before !== undefined && before < Number.MAX_SAFE_INTEGER) {
        equal(position, before, `${about}: position of a message of ${runId} that was there before`);
        continue;
      }
      holds(
        position > least,
        `${about}: a new message of ${runId} must come behind position ${least}`,
        position,
      );
      least = position;
    }
    this.#seen.set(runId, Math.max(least, ...seen, 0));
  }

  async #reopen(about: string): Promise<void> {
    const count = this.#handles.length;
    await this.#lab.closeAll();
    if (this.#lab.fixture.reopen !== undefined) await this.#lab.reopen();
    this.#handles = await this.#lab.clients(count);
    await this.compareAll(about);
  }

  #handle(client: number): StorageHandle {
    const handle = this.#handles[client % this.#handles.length];
    holds(handle !== undefined, 'a script needs a client');
    return handle;
  }

  /** Reads go round: what one client writes, another reads. */
  #next(): StorageHandle {
    return this.#handle(this.#turn++);
  }
}
