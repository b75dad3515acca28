export type { ConformanceCase, Group, Law } from './conformance/case.js';
export { ConformanceError } from './conformance/check.js';
export { storageConformance, type ConformanceOptions } from './conformance/conformance.js';
export type { Ability, FixtureAbilities, ReleasedStore, StorageFixture } from './conformance/fixture.js';
export {
  formatReport,
  runConformance,
  type CaseResult,
  type ConformanceReport,
} from './conformance/report.js';
export type { RecordedCall } from './faults/faults.js';
export { faulty, type FaultyStorage } from './faults/faulty.js';
export {
  allOf,
  faultAt,
  noHints,
  randomFaults,
  randomHintFaults,
  type Fault,
  type FaultPlan,
  type HintFault,
  type PortCall,
  type PortMethod,
  type RandomFaults,
} from './faults/plan.js';
export { mockActivity } from './engine/mock-activity.js';
export {
  createTestEngine,
  type CrashOptions,
  type TestEngine,
  type TestEngineOptions,
} from './engine/test-engine.js';
