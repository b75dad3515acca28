import type { HistoryBundle } from '../codec/bundle.js';
import {
  replayBundle,
  replayLimits,
  type ReplayOptions,
  type ReplayResult,
} from '../runtime/client/replay-bundle.js';
import { registeredCode } from './code.js';
import type { PerdureError } from '../model/errors.js';
import type { WorkflowImplementation } from './define-workflow.js';

export type { ReplayOptions, ReplayResult };

/**
 * Replays an exported history against today's code, without a store: nothing is written and no activity runs. In a test
 * it says whether runs in flight survive a change.
 *
 * Rejects with `NondeterminismError`, with the difference in `details`, where the code asks for something else than was
 * recorded; `ForeignAwaitError` where it waits for something that is not durable; `UnknownWorkflowError` where none of
 * the workflows has the recorded name; `InvalidArgumentError` for what is no history.
 *
 * @example
 * ```ts
 * import { defineWorkflow, replay, type HistoryBundle } from '@perdure/core';
 *
 * const welcome = defineWorkflow('welcome', async (ctx, name: string) => {
 *   await ctx.sleep('1d');
 *   return `Hello, ${name}`;
 * });
 * export async function stillFits(bundle: HistoryBundle): Promise<boolean> {
 *   const { status } = await replay([welcome], bundle);
 *   return status === 'completed';
 * }
 * ```
 */
export async function replay(
  workflows: readonly WorkflowImplementation<any, any, any, any, any>[],
  bundle: HistoryBundle,
  options?: ReplayOptions,
): Promise<ReplayResult> {
  return replayBundle(byName(workflows), bundle, replayLimits(options));
}

/** What `verify` found. */
export interface Verification {
  /** Bundles in all. */
  readonly replayed: number;
  /** Those that today's code does not replay, in the order in which they came. */
  readonly failed: readonly FailedReplay[];
}
export interface FailedReplay {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  /** What `replay` would have rejected with: of a `NondeterminismError`, `details` is the report. */
  readonly error: PerdureError;
}

/**
 * Replays many exported histories against today's code, one after the other: for CI, so that a change which runs in
 * flight would not survive is found before it is deployed. What does not replay is a finding, not an error: a divergence,
 * a wait for something that is not durable, a type without code, a bundle that is none. Rejects only with what the
 * bundles themselves throw, and with `InvalidArgumentError` for workflows of one name.
 *
 * @example
 * ```ts
 * import { defineWorkflow, verify, type HistoryBundle } from '@perdure/core';
 *
 * const welcome = defineWorkflow('welcome', async (ctx, name: string) => {
 *   await ctx.sleep('1d');
 *   return `Hello, ${name}`;
 * });
 * export async function check(bundles: AsyncIterable<HistoryBundle>): Promise<void> {
 *   const { failed } = await verify([welcome], bundles);
 *   for (const { workflowId, error } of failed) console.error(workflowId, error.message);
 *   if (failed.length > 0) throw new Error(`${failed.length} histories do not replay`);
 * }
 * ```
 */
export async function verify(
  workflows: readonly WorkflowImplementation<any, any, any, any, any>[],
  bundles: Iterable<HistoryBundle> | AsyncIterable<HistoryBundle>,
  options?: ReplayOptions,
): Promise<Verification> {
  const code = byName(workflows);
  const limits = replayLimits(options);
  const failed: FailedReplay[] = [];
  let replayed = 0;
  for await (const bundle of bundles) {
    replayed += 1;
    try {
      await replayBundle(code, bundle, limits);
    } catch (error) {
      const {
        workflowId = '',
        runId = '',
        workflowType = '',
      } = (bundle as Partial<HistoryBundle> | null)?.workflow ?? {};
      failed.push({ workflowId, runId, workflowType, error: error as PerdureError });
    }
  }
  return { replayed, failed };
}

function byName(
  workflows: readonly WorkflowImplementation<any, any, any, any, any>[],
): Parameters<typeof replayBundle>[0] {
  return new Map(
    registeredCode({ workflows }, 'The histories cannot be replayed').workflows.map((workflow) => [
      workflow.name,
      workflow,
    ]),
  );
}
