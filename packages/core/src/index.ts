/** `@perdure/core`: what applications use. */
export type {
  StandaloneActivities,
  ActivityDescription,
  ActivityFilter,
  ActivityHandle,
  StartActivityOptions,
} from './api/activities.js';
export type { Arg, Args, Carries } from './api/carries.js';
export { createClient, type Client, type ClientOptions } from './api/client.js';
export type {
  ActivityStubs,
  ChildOptions,
  ChildTask,
  ContinueAsNewOptions,
  ExternalWorkflow,
  RaceResult,
  WorkflowContext,
  WorkflowInfo,
} from './api/context.js';
export {
  defineActivity,
  type ActivityContext,
  type ActivityDefinition,
  type ActivityFn,
  type ActivityImplementation,
  type ActivityOptions,
  type AnyActivity,
} from './api/define-activity.js';
export {
  defineWorkflow,
  type AnyWorkflow,
  type WorkflowContract,
  type WorkflowDefinition,
  type WorkflowFn,
  type WorkflowImplementation,
} from './api/define-workflow.js';
export { definitionsIn } from './api/definitions-in.js';
export { createEngine, type Engine, type EngineOptions, type EngineWorker } from './api/engine.js';
export type {
  CancelOptions,
  ExportOptions,
  ForkOptions,
  RepairOutcome,
  StartUpdateOptions,
  UpdateHandle,
  UpdateOptions,
  WaitOptions,
  WorkflowAt,
  WorkflowHandle,
} from './api/handle.js';
export {
  query,
  signal,
  update,
  type ArgOf,
  type Message,
  type Messages,
  type Named,
  type ResultOf,
} from './api/messages.js';
export type { WorkflowType } from './api/workflow-type.js';
export type { SearchAttributeAdmin } from './api/search-attribute-admin.js';
export { replay, verify, type FailedReplay, type ReplayResult, type Verification } from './api/replay.js';
export { type, type Schema, type SchemaOut } from './api/schema.js';
export type { PayloadCodec } from './codec/byte-codecs.js';
export type { HistoryBundle } from './codec/bundle.js';
export type { Redact, RedactionPlace } from './codec/redact.js';
export type { Duration } from './model/duration.js';
export {
  ActivityError,
  ActivityNotActiveError,
  CancelledError,
  ChildWorkflowError,
  EngineClosedError,
  ForeignAwaitError,
  InterceptorError,
  InvalidArgumentError,
  isCancelled,
  isPerdureError,
  NondeterminismError,
  NonRetryableError,
  PayloadError,
  PayloadTooLargeError,
  PerdureError,
  PlatformError,
  QueryRejectedError,
  ScopeTimeoutError,
  SignalRejectedError,
  StorageError,
  UnknownActivityError,
  UnknownWorkflowError,
  UpdateFailedError,
  UpdateRejectedError,
  VersionNotSupportedError,
  WaitTimeoutError,
  WorkflowAlreadyStartedError,
  WorkflowCancelledError,
  WorkflowFailedError,
  WorkflowNotActiveError,
  WorkflowNotClosedError,
  WorkflowNotFoundError,
  WorkflowTerminatedError,
  WorkflowTimedOutError,
  type ArgumentIssue,
  type ErrorDetails,
  type StorageErrorCode,
} from './model/errors.js';
export type { Failure } from './model/failure.js';
export type { ParentClosePolicy } from './model/events.js';
export type { RetryPolicy } from './model/retry.js';
export type { StatusBucket, WorkflowStatus } from './model/status.js';
export type { NamespaceEvent } from './observe/event-stream.js';
export type { LiveStream } from './observe/live-stream.js';
export type { CancellationScope } from './replay/structure.js';
export type { CodeEnd, DivergenceCause, DivergenceReport } from './replay/divergence.js';
export type { CommandSummary } from './replay/likeness.js';
export type { Task } from './replay/task.js';
export type { BatchAction, BatchProgress } from './runtime/client/batch.js';
export type { ImportOptions } from './runtime/client/import-history.js';
export type {
  HistoryEvent,
  ListFilter,
  Page,
  PendingActivity,
  WaitingFor,
  WorkflowAction,
  WorkflowDescription,
} from './runtime/client/description.js';
export type {
  SearchAttributes,
  SearchAttributeSchema,
  SearchAttributeType,
  SearchAttributeTypeName,
} from './model/search-attributes.js';
export type { DuplicatePolicy, StartOptions } from './runtime/client/start-options.js';
export type { CancelTimer, Clock } from './runtime/clock.js';
export type { Logger } from './runtime/core.js';
export type {
  ActivationResult,
  InterceptedActivation,
  InterceptedAttempt,
  InterceptedQuery,
  InterceptedStart,
  Interceptor,
  RunHeaders,
} from './runtime/interceptor.js';
export type { RunLimits } from './runtime/worker/run-limits.js';
export type { WorkerStatus } from './runtime/worker/worker.js';
export type { Storage } from './storage/port.js';
