import type { Unwatch } from '../../storage/port.js';
import type { Core } from '../core.js';
import type { Closings } from './closings.js';

/** A core with what the commands of a client need besides. */
export interface OpenCore extends Core {
  /** Waits for the ends of runs. */
  readonly closings: Closings;
  /** A call of the client: refused once close has begun, and waited for by close. Counts as busy. */
  command<T>(work: () => Promise<T>): Promise<T>;
  /** Calls back once, when close begins. */
  onClose(listener: () => void): Unwatch;
}

/** Where a client finds its core. It stays the same but in a test engine, which puts another one there after a crash. */
export interface CoreSource {
  readonly core: OpenCore;
  /** Resolves when another core stands in for one that was abandoned; undefined where none will. */
  replacementOf(core: OpenCore): Promise<void> | undefined;
}
