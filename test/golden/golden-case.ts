import type { ActivityImplementation, WorkflowImplementation } from '@perdure/core';
import type { TestEngine, TestEngineOptions } from '@perdure/testing';

type AnyWorkflow = WorkflowImplementation<any, any, any, any, any>;

/** Frozen code, and what was done with it when its histories were recorded. */
export interface GoldenCase {
  /** Its histories are files of this name, with the number of the run behind it where it has several. */
  readonly name: string;
  readonly workflows: readonly AnyWorkflow[];
  readonly activities?: readonly ActivityImplementation<any, any>[];
  readonly options?: Partial<TestEngineOptions>;
  /** The code that histories are replayed with, where it is not the code that made them. */
  readonly replayedBy?: readonly AnyWorkflow[];
  /** The code with which a replay must reject, where the run was blocked. */
  readonly rejects?: string;
  /** What the first run came to, made anew at each call. */
  readonly output?: () => unknown;
  /** Default: the first workflow is executed, without an input. */
  readonly record?: (engine: TestEngine) => Promise<unknown>;
}

export type Cases = readonly GoldenCase[];
