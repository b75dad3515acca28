import type { HistoryBundle } from '../codec/bundle.js';
import { replayBundle, type ReplayResult } from '../runtime/client/replay-bundle.js';
import { registeredCode } from './code.js';
import type { WorkflowImplementation } from './define-workflow.js';

export type { ReplayResult };

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
): Promise<ReplayResult> {
  const code = registeredCode({ workflows });
  return replayBundle(new Map(code.workflows.map((workflow) => [workflow.name, workflow])), bundle);
}
