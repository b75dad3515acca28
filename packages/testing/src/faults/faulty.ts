import type { ChangeHint, Storage, StorageHandle } from '@perdure/core/storage';
import { Faults, type RecordedCall } from './faults.js';
import { FaultyHandle } from './faulty-handle.js';
import type { FaultPlan } from './plan.js';

/** A storage that misbehaves by plan. Everything else goes to the one it wraps, so it is as good a storage as that. */
export interface FaultyStorage extends Storage {
  /** Every call so far. A run without faults shows at which calls a fault can be put. */
  readonly calls: readonly RecordedCall[];
  /** From now on nothing goes wrong. */
  heal(): void;
  /** Tells every listener something that is not so, or that it knows already. */
  tell(hint: ChangeHint): void;
}

/**
 * Wraps a storage so that its calls fail, come late, are carried out twice or never answer, and its hints get lost, all
 * by plan and the same each time. For tests of what must hold nevertheless.
 *
 * @example
 * ```ts
 * import { memory } from '@perdure/memory';
 * import { faulty, randomFaults } from '@perdure/testing';
 *
 * const storage = faulty(memory(), randomFaults({ seed: 1, probability: 0.1 }));
 * const handle = await storage.open();
 * await handle.countRuns({ namespace: 'default' }).catch((error) => error);
 * ```
 */
export function faulty(storage: Storage, plan: FaultPlan = {}): FaultyStorage {
  const faults = new Faults(plan);
  return {
    kind: storage.kind,
    calls: faults.calls,
    open: async () => {
      const open = (): Promise<StorageHandle> => storage.open();
      const handle = await faults.around('open', open, (opened) => opened.close());
      return new FaultyHandle(handle, faults);
    },
    heal: () => {
      faults.plan = {};
    },
    tell: (hint) => {
      for (const listener of [...faults.listeners]) faults.deliver(hint, listener);
    },
  };
}
