/** `@perdure/core/storage`: what an adapter needs of the core, and all it may import. */
export { ArgumentCheck } from './model/argument-check.js';
export { InvalidArgumentError, PlatformError, StorageError, type StorageErrorCode } from './model/errors.js';
export type { Namespace, RunId, Seq, TaskId, WorkerId, WorkflowId } from './model/ids.js';
export type { WorkflowStatus } from './model/status.js';
export { NEVER, type EpochMs } from './model/time.js';
export type * from './storage/port.js';
export type * from './storage/records.js';
export { readAttributes, writeAttributes, type AttributeValue } from './storage/attributes.js';
export {
  matchesFilter,
  type FilteredRun,
  type RunColumn,
  type RunField,
  type RunFilter,
} from './storage/filter.js';
export { refusalOf, type BatchFacts, type RunHead } from './storage/refusal.js';
export { Hints } from './storage/hints.js';
