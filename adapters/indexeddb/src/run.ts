import type { TaskRecord } from '@perdure/core/storage';
import type { Base } from './layout.js';
import { marksOf, type Marks } from './marks.js';

/** A run while one transaction works on it. */
export interface Run {
  base: Base;
  /** Events appended by this transaction; `base.tail` has them only once they are written. */
  fresh: string[];
  dirty: boolean;
  /** Newest step in the journal of `base.era`. */
  step: number;
  /** Characters of events in that journal. */
  chars: number;
  /** The tasks of the stored record, and its marks. */
  stored: readonly TaskRecord[];
  bounds: Marks;
  /** From this handle's own memory: not read, and without a tail. */
  recalled: boolean;
  /** Position of the newest message, where this handle knows it: whoever puts one closes the journal. */
  inbox: number | undefined;
}

export function workOn(base: Base, journal: Partial<Run> = {}): Run {
  return {
    base,
    fresh: [],
    dirty: false,
    step: 0,
    chars: 0,
    stored: base.tasks,
    bounds: marksOf(base.tasks),
    recalled: false,
    inbox: undefined,
    ...journal,
  };
}
