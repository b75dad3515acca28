import type { ChangeHint, StorageError, StorageHandle } from '@perdure/core/storage';
import { Random } from '../random.js';

/** A call of the port that can be made to misbehave: all of them, `open` too, but not `watch`, whose hints can. */
export type PortMethod = 'open' | Exclude<keyof StorageHandle, 'traits' | 'watch'>;

export interface PortCall {
  readonly method: PortMethod;
  /** Place among the calls of this method, from 1, over all handles. */
  readonly nth: number;
  /** Place among all calls, from 1. */
  readonly index: number;
}

/** What happens to a call. */
export type Fault =
  /** It rejects and nothing has happened. Default error: `storage_failed`, retryable, `not-applied`. */
  | { readonly kind: 'fail-before'; readonly error?: StorageError }
  /** It is carried out whole, and rejects all the same. Default error: `storage_failed`, retryable, `unknown`. */
  | { readonly kind: 'fail-after'; readonly error?: StorageError }
  /** It begins late, or answers late: when `until` resolves; default, ten turns of the promise queue later. */
  | { readonly kind: 'delay'; readonly when: 'before' | 'after'; readonly until?: () => Promise<unknown> }
  /** Commits, claims and releases: carried out twice, one after the other; the first answer is the one that is seen. */
  | { readonly kind: 'duplicate' }
  /** It never settles: as if the process that waits for it had died, before it was carried out or after. */
  | { readonly kind: 'hang'; readonly when: 'before' | 'after' };

/** What happens to a hint on its way to one listener. */
export type HintFault =
  | { readonly kind: 'drop' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'delay'; readonly until?: () => Promise<unknown> };

/** Decides what goes wrong. The same plan and the same calls: the same faults. */
export interface FaultPlan {
  readonly fault?: (call: PortCall) => Fault | undefined;
  /** `nth` counts deliveries, from 1, over all listeners. */
  readonly hint?: (hint: ChangeHint, nth: number) => HintFault | undefined;
}

/**
 * One fault, at one call: the `nth` of a method, or the one with this `index` among all.
 *
 * @example
 * ```ts
 * import { memory } from '@perdure/memory';
 * import { faultAt, faulty } from '@perdure/testing';
 *
 * // The third commit goes through, and is reported as failed.
 * const storage = faulty(memory(), faultAt({ method: 'commit', nth: 3 }, { kind: 'fail-after' }));
 * ```
 */
export function faultAt(at: Partial<PortCall>, fault: Fault): FaultPlan {
  const fits = (call: PortCall): boolean =>
    (at.method ?? call.method) === call.method &&
    (at.nth ?? call.nth) === call.nth &&
    (at.index ?? call.index) === call.index;
  return { fault: (call) => (fits(call) ? fault : undefined) };
}

export interface RandomFaults {
  readonly seed: number;
  /** How likely a call is hit, from 0 to 1. */
  readonly probability: number;
  /** What hits it; default: failures before and after, and delays. */
  readonly faults?: readonly [Fault, ...Fault[]];
  /** Which methods; default: all but `open` and `close`. */
  readonly methods?: readonly PortMethod[];
}

const usual: readonly [Fault, ...Fault[]] = [
  { kind: 'fail-before' },
  { kind: 'fail-after' },
  { kind: 'delay', when: 'before' },
  { kind: 'delay', when: 'after' },
];

/** Faults by chance. What befalls the nth call of a method depends on the seed alone, not on the calls between. */
export function randomFaults({ seed, probability, faults = usual, methods }: RandomFaults): FaultPlan {
  return {
    fault: ({ method, nth }) => {
      const covered = methods?.includes(method) ?? (method !== 'open' && method !== 'close');
      const random = new Random(mixed(seed, method, nth));
      return covered && random.chance(probability) ? random.pick(faults) : undefined;
    },
  };
}

/** Hints by chance: some dropped, some told twice, some late. */
export function randomHintFaults(options: {
  readonly seed: number;
  readonly probability: number;
}): FaultPlan {
  const kinds = ['drop', 'duplicate', 'delay'] as const;
  return {
    hint: (_hint, nth) => {
      const random = new Random(mixed(options.seed, 'hint', nth));
      return random.chance(options.probability) ? { kind: random.pick(kinds) } : undefined;
    },
  };
}

/** No hint ever comes: polling alone must do. */
export const noHints: FaultPlan = { hint: () => ({ kind: 'drop' }) };

/** Several plans; of those that want the same call, the first one decides. */
export function allOf(...plans: readonly FaultPlan[]): FaultPlan {
  return {
    fault: (call) => firstOf(plans, (plan) => plan.fault?.(call)),
    hint: (hint, nth) => firstOf(plans, (plan) => plan.hint?.(hint, nth)),
  };
}

function firstOf<T>(plans: readonly FaultPlan[], decide: (plan: FaultPlan) => T | undefined): T | undefined {
  for (const plan of plans) {
    const decision = decide(plan);
    if (decision !== undefined) return decision;
  }
  return undefined;
}

/** FNV-1a over the parts. */
function mixed(seed: number, name: string, nth: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (const unit of `${name}#${nth}`) hash = Math.imul(hash ^ unit.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
