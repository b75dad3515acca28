import type { PayloadLimits } from '../codec/limits.js';
import type { RegisteredAttributes } from '../model/search-attributes.js';
import type { ActivityReference } from './activity-call.js';
import type { ChildReference } from './child-call.js';

/** What a run in memory needs of its surroundings. */
export interface InstanceHost {
  readonly namespace: string;
  readonly log: ContextLogger;
  readonly limits: PayloadLimits;
  /** What is known here of the workflows that code may start by name. */
  readonly workflows?: ReadonlyMap<string, ChildReference>;
  /** What is known here of the activities that code may call by name. */
  readonly activities?: ReadonlyMap<string, ActivityReference>;
  /** The search attributes of the namespace, as they are known here; a commit makes sure. Where nothing new is written, none. */
  readonly registeredAttributes?: RegisteredAttributes;
  /** Workflow code ran outside its window: the run is blocked from now on. */
  readonly onForeign: () => void;
}
export interface ContextLogger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}
