/** `@perdure/core/internal`: for `@perdure/testing`, `@perdure/isolation` and the tests of this repository. It promises nothing to anyone else. */
export { openClient } from './api/client.js';
export { openEngine, type OpenEngine } from './api/engine.js';
export type { Worker, WorkerStatus } from './runtime/worker/worker.js';
export type { OpenCore } from './runtime/client/open-core.js';
export type { CoreSeams } from './runtime/open.js';
export { hostClock, type Clock } from './runtime/clock.js';
export { hostPlatform, type Platform } from './runtime/platform.js';
export { parseDuration } from './model/duration.js';
export { eventTypes } from './model/events.js';
export { CompleteLater, isCompleteLater } from './model/complete-later.js';
export { encodeFailure, rebuildError } from './codec/failures.js';
export { defaultPayloadLimits } from './codec/limits.js';
export { decodeValue, encodeValue } from './codec/values.js';
