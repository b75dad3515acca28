import {
  StorageError,
  type Batch,
  type ChangeHint,
  type CommitResult,
  type StorageErrorCode,
  type StorageHandle,
  type Storage,
  type Unwatch,
} from '@perdure/core/storage';
import type { Chaos } from './chaos.js';
import type { SimulatedProcess } from './process.js';
import type { Random } from './random.js';
import type { Witness } from './witness.js';
import type { World } from './world.js';

type Calls = Omit<StorageHandle, 'traits' | 'watch' | 'commit'>;

export interface Network {
  readonly world: World;
  readonly witness: Witness;
  readonly storage: Storage;
  readonly random: Random;
  /** Undefined once nothing goes wrong any more. */
  readonly chaos: Chaos | undefined;
  /** A process dies of itself at this very moment. */
  crash(process: SimulatedProcess): void;
  note(process: SimulatedProcess, what: string | (() => string)): void;
}

/**
 * The way from a process to the store and back: calls arrive after a while and are answered after another, in whatever
 * order that makes; what has arrived is done, whether or not anybody is left to hear of it.
 */
export function linked(network: Network, process: SimulatedProcess): Storage {
  return {
    kind: 'simulated',
    open: async () => link(network, process, await network.storage.open()),
  };
}

function link(network: Network, process: SimulatedProcess, handle: StorageHandle): StorageHandle {
  const { world, random, witness } = network;
  let closed = false;

  /** Carries one call there and its answer back. `arrive` does it; `fail` rejects it once it has been. */
  const call = <T>(method: string, arrive: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      if (closed) {
        reject(storageError('storage_closed', false, 'not-applied'));
        return;
      }
      const answer = (deliver: () => void): void => {
        process.after(world.latency(), deliver);
      };
      // The store's own step: it is done even where the process that asked for it is gone by then.
      world.after(world.latency(), undefined, () => {
        const { chaos } = network;
        if (chaos && random.chance(chaos.stall)) {
          network.note(process, 'stands still');
          process.asleepUntil = world.now + random.between(500, 75_000);
        }
        if (chaos && method !== 'close' && random.chance(chaos.busy)) {
          network.note(process, `${method}: busy`);
          answer(() => {
            reject(storageError('storage_busy', true, 'not-applied'));
          });
          return;
        }
        arrive().then(
          (value) => {
            answer(() => {
              resolve(value);
            });
          },
          (error: unknown) => {
            answer(() => {
              reject(error);
            });
          },
        );
      });
    });

  const apply = async (batches: readonly Batch[]): Promise<readonly CommitResult[]> => {
    const results = await handle.commit(batches);
    batches.forEach((batch, i) => {
      const result = results[i] as CommitResult;
      network.note(process, () => `commit${result.ok ? '' : ' refused'}: ${summary(batch)}`);
      witness.committed(process, batch, result);
    });
    return results;
  };

  const commit = async (batches: readonly Batch[]): Promise<readonly CommitResult[]> => {
    const { chaos } = network;
    if (!chaos) return apply(batches);
    if (random.chance(chaos.full)) {
      network.note(process, 'commit: no room');
      throw storageError('storage_full', true, 'not-applied');
    }
    const crashes = process.mortal && random.chance(chaos.crashAtCommit);
    if (crashes && random.chance(0.5)) {
      network.crash(process);
      return [];
    }
    if (random.chance(chaos.unknown)) {
      const applied = random.pick([batches.length, batches.length, 0, random.below(batches.length + 1)]);
      network.note(process, `commit: unknown, ${applied} of ${batches.length} applied`);
      await apply(batches.slice(0, applied));
      throw storageError('storage_failed', true, 'unknown');
    }
    const results = await apply(batches);
    if (crashes) network.crash(process);
    return results;
  };

  const through = <M extends keyof Calls>(method: M): StorageHandle[M] =>
    ((...args: never[]) =>
      call(method, () =>
        (handle[method] as (...args: never[]) => Promise<unknown>)(...args),
      )) as StorageHandle[M];

  return {
    traits: handle.traits,
    commit: (batches) => call('commit', () => commit(batches)),
    claim: (request) =>
      call('claim', async () => {
        const tasks = await handle.claim(request);
        witness.claimed(process, tasks, request.now);
        return tasks;
      }),
    releaseLeases: (owner) =>
      call('releaseLeases', () => {
        witness.released(owner);
        return handle.releaseLeases(owner);
      }),
    join: through('join'),
    leave: through('leave'),
    reapDeadWorkers: through('reapDeadWorkers'),
    readRun: through('readRun'),
    loadRuns: through('loadRuns'),
    readEvents: through('readEvents'),
    readInbox: through('readInbox'),
    readTasks: through('readTasks'),
    readTask: through('readTask'),
    readKey: through('readKey'),
    listRuns: through('listRuns'),
    countRuns: through('countRuns'),
    nextWakeAt: through('nextWakeAt'),
    watch: (listener) => watch(network, process, handle, listener),
    close: async () => {
      closed = true;
      await handle.close();
    },
  };
}

/** Hints take their time, come twice, or not at all. */
function watch(
  network: Network,
  process: SimulatedProcess,
  handle: StorageHandle,
  listener: (hint: ChangeHint) => void,
): Unwatch {
  const { world, random } = network;
  let watching = true;
  const unwatch = handle.watch((hint) => {
    const { chaos } = network;
    if (!process.alive || (chaos && random.chance(chaos.hintLost))) return;
    const deliver = (): void => {
      if (watching) listener(hint);
    };
    process.after(
      world.latency() + (chaos && random.chance(chaos.hintLate) ? random.below(3_000) : 0),
      deliver,
    );
    if (chaos && random.chance(chaos.hintTwice)) process.after(world.latency(), deliver);
  });
  return () => {
    watching = false;
    unwatch();
  };
}

function storageError(
  code: StorageErrorCode,
  retryable: boolean,
  outcome: 'not-applied' | 'unknown',
): StorageError {
  return new StorageError(code, `The simulated store says ${code}`, { retryable, outcome });
}

/** What a batch is about, in a line. */
function summary({ writes }: Batch): string {
  return writes
    .map((write) => {
      if ('events' in write)
        return `${write.kind} [${write.events.map((body) => /"type":"(\w+)"/.exec(body)?.[1] ?? '').join(' ')}]`;
      if ('message' in write) return `${write.kind} ${write.message.kind} ${write.message.messageId}`;
      if (!('task' in write)) return write.kind;
      const { taskId, token, attempt, leaseOwner } = write.task;
      const lease = leaseOwner === null ? '' : ', leased';
      return `${write.kind} ${taskId.slice(-8)} (token ${token}, attempt ${attempt}${lease})`;
    })
    .join(', ');
}
