import { memory } from '@perdure/memory';
import { StorageError, type Batch, type ChangeHint, type StorageHandle } from '@perdure/core/storage';
import { faultAt } from '../../faults/plan.js';
import { faulty } from '../../faults/faulty.js';
import { bug, type Bug } from './bug.testkit.js';

type Listener = (hint: ChangeHint) => void;

const hintOf = (batches: readonly Batch[]): ChangeHint => ({
  kind: 'changed',
  runs: batches.flatMap(({ writes }) =>
    writes.flatMap((write) =>
      write.kind === 'insert-run' ? [write.run.runId] : 'runId' in write ? [write.runId] : [],
    ),
  ),
  queues: [],
});

/** Hints of its own, told around the commit. */
const telling =
  (
    around: (
      commit: () => ReturnType<StorageHandle['commit']>,
      tell: () => void,
    ) => ReturnType<StorageHandle['commit']>,
  ) =>
  () => {
    const listeners = new Set<Listener>();
    return (handle: StorageHandle): Partial<StorageHandle> => ({
      commit: (batches) =>
        around(
          () => handle.commit(batches),
          () => {
            for (const listener of listeners) listener(hintOf(batches));
          },
        ),
      watch: (listener) => {
        const own: Listener = (hint) => listener(hint);
        listeners.add(own);
        return () => listeners.delete(own);
      },
    });
  };

export const handleBugs: readonly Bug[] = [
  bug(
    'N1',
    'a hint comes before the write',
    telling((commit, tell) => {
      try {
        tell();
      } catch {
        // What a listener throws is its own.
      }
      return commit();
    }),
  ),
  bug(
    'N1',
    'what a listener throws reaches the writer',
    telling(async (commit, tell) => {
      const results = await commit();
      tell();
      return results;
    }),
  ),
  bug('N1', 'a listener cannot be taken away', () => (handle) => ({
    watch: (listener) => {
      handle.watch(listener);
      return () => undefined;
    },
  })),
  bug('N1', 'a listener hears of its own handle only', () => {
    let writer: StorageHandle | undefined;
    return (handle) => ({
      commit: async (batches) => {
        writer = handle;
        const results = await handle.commit(batches);
        await Promise.resolve();
        return results;
      },
      watch: (listener) => handle.watch((hint) => (writer === handle ? listener(hint) : undefined)),
    });
  }),
  bug('N1', 'a function that is given twice is one listener', () => {
    const known = new Map<Listener, () => void>();
    return (handle) => ({
      watch: (listener) => {
        const unwatch = known.get(listener) ?? handle.watch(listener);
        known.set(listener, unwatch);
        return unwatch;
      },
    });
  }),
  bug('L1', 'a closed handle reads on', () => (handle) => ({
    close: async () => undefined,
    commit: (batches) => handle.commit(batches),
  })),
  bug('L1', 'a closed handle throws an error without a code', () => (handle) => {
    let closed = false;
    return {
      close: () => {
        closed = true;
        return handle.close();
      },
      readRun: async (runId) => {
        if (closed) throw new Error('this handle is closed');
        return handle.readRun(runId);
      },
    };
  }),
  bug('L1', 'a closed handle throws where it should reject', () => (handle) => {
    let closed = false;
    return {
      close: () => {
        closed = true;
        return handle.close();
      },
      commit: (batches) => {
        if (closed) throw new Error('this handle is closed');
        return handle.commit(batches);
      },
    };
  }),
  bug('L1', 'closing one handle closes all', () => (_handle, all) => ({
    close: async () => {
      for (const one of all) await one.close();
    },
  })),
  bug('L1', 'close does not wait for the commit under way', () => (handle) => {
    let closed = false;
    return {
      close: () => {
        closed = true;
        return handle.close();
      },
      commit: async (batches) => {
        await Promise.resolve();
        return closed ? handle.commit(batches) : handle.commit(batches);
      },
    };
  }),
  bug('S1', 'every handle has an instance of its own', () => (handle) => ({
    traits: { ...handle.traits, instanceId: String(Math.random()) },
  })),
  bug('S1', 'the contract is another', () => (handle) => ({
    traits: { ...handle.traits, contract: 2 as unknown as 1 },
  })),
  {
    law: 'E1',
    name: 'a medium that takes no writes seems to take them',
    fixture: { name: 'writes to nowhere', create: () => memory(), readOnly: (storage) => storage },
  },
  {
    law: 'E1',
    name: 'a write that was not made is reported as one that may have been',
    fixture: { name: 'unsure', create: () => memory(), readOnly: () => refusing('unknown') },
  },
];

const refusing = (outcome: 'unknown' | 'not-applied') => {
  const error = new StorageError('storage_readonly', 'This medium takes no writes', {
    retryable: false,
    outcome,
  });
  return faulty(memory(), faultAt({ method: 'commit' }, { kind: 'fail-before', error }));
};
