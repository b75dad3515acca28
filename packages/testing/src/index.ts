export type { ConformanceCase, Group, Law } from './conformance/case.js';
export { ConformanceError } from './conformance/check.js';
export { storageConformance, type ConformanceOptions } from './conformance/conformance.js';
export type { Ability, FixtureAbilities, ReleasedStore, StorageFixture } from './conformance/fixture.js';
export { formatReport, runConformance, type CaseResult, type ConformanceReport } from './conformance/report.js';
export { mockActivity } from './engine/mock-activity.js';
export { createTestEngine, type CrashOptions, type TestEngine, type TestEngineOptions } from './engine/test-engine.js';
