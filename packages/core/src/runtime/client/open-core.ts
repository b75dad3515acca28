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
