import { readLimits } from '../../codec/limits.js';
import { encodeFailure } from '../../codec/failures.js';
import { decodeValue } from '../../codec/values.js';
import {
  isPerdureError,
  StorageError,
  WorkflowNotActiveError,
  WorkflowNotFoundError,
} from '../../model/errors.js';
import type {
  ChildWorkflowCancelRequested,
  ExternalCancelRequested,
  ExternalSignalRequested,
  RequestOutcome,
  Unplaced,
} from '../../model/events.js';
import type { WorkflowId } from '../../model/ids.js';
import { asText } from '../../model/payload.js';
import type { Batch } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import { cancelBatch } from '../client/cancel.js';
import { readRun, readTarget } from '../client/read-run.js';
import { acceptSignal, signalBatch } from '../client/signal.js';
import type { Core } from '../core.js';
import { decodeStart } from '../run-projection.js';
import { sealPayload } from '../worker/sealing.js';
import type { Errand } from './errand.js';

/** Puts a signal into the inbox of another run. */
export function sendSignal(errand: Errand, event: ExternalSignalRequested): Promise<void> {
  const { core } = errand;
  const { name, requestId } = event;
  return answered(errand, event, async (run) => {
    const messages = core.registry.workflows.get(run.workflowType)?.messages;
    const input = acceptSignal(
      core,
      run.workflowType,
      messages,
      name,
      decodeValue(asText(event.input), readLimits),
    );
    const messageId = `${errand.runId}:${requestId}`;
    return signalBatch(core, run, undefined, { messageId, name, input: await sealPayload(core, input) });
  });
}

/** Asks another run to cancel. */
export function sendCancel(errand: Errand, event: ExternalCancelRequested): Promise<void> {
  return answered(errand, event, (run) => cancelBatch(errand.core, run, reasonOf(event)));
}

/** Asks a child to cancel; one that has ended already needs no asking. */
export async function cancelChild(errand: Errand, event: ChildWorkflowCancelRequested): Promise<void> {
  const { core } = errand;
  const { workflowId } = await readRun(core, errand.runId);
  for (;;) {
    const child = await openChild(core, workflowId, event.workflowId);
    if (!child) return errand.end();
    if ((await errand.commit(await cancelBatch(core, child, reasonOf(event)))) === 'done') {
      core.worker?.poke(child.runId);
      return;
    }
  }
}

/** The open run of a workflow id, where it is a child of that parent. */
export async function openChild(
  core: Core,
  parentId: WorkflowId,
  workflowId: WorkflowId,
): Promise<RunRecord | undefined> {
  const run = await current(core, workflowId);
  const isOurs = run?.closedAt === null && decodeStart(run).parent?.workflowId === parentId;
  return isOurs ? run : undefined;
}

async function current(core: Core, workflowId: WorkflowId): Promise<RunRecord | undefined> {
  try {
    return await readTarget(core, { workflowId });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function answered(
  errand: Errand,
  event: ExternalSignalRequested | ExternalCancelRequested,
  effect: (run: RunRecord) => Promise<Batch>,
): Promise<void> {
  const { core } = errand;
  const { requestId } = event;
  const completed: Unplaced<RequestOutcome> = { type: 'ExternalRequestCompleted', requestId };
  try {
    for (;;) {
      const run = await readTarget(core, event);
      if (run.closedAt !== null) {
        throw new WorkflowNotActiveError(`Workflow '${run.workflowId}' (run ${run.runId}) is ${run.status}`);
      }
      if ('childId' in event && decodeStart(run).parent?.childId !== event.childId)
        throw new WorkflowNotFoundError(`Workflow '${run.workflowId}' is no child of this run`);
      if ((await errand.commit(await effect(run), requestId, completed)) === 'again') continue;
      core.worker?.poke(run.runId);
      return;
    }
  } catch (error) {
    if (error instanceof StorageError || !isPerdureError(error)) throw error;
    const failure = encodeFailure(error);
    await errand.end(requestId, { type: 'ExternalRequestFailed', requestId, failure });
  }
}

function reasonOf({ reason }: { readonly reason?: string }): { reason?: string } {
  return { ...(reason !== undefined && { reason }) };
}
