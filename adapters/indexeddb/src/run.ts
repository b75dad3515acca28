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
  /** Where it came from this handle's own memory: how it was there. It has not been read, and must be proved. */
  before: Base | undefined;
  /** Whether the change is one more step of the journal. */
  isStep: boolean;
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
    before: undefined,
    isStep: false,
    inbox: undefined,
    ...journal,
  };
}
