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
import type { RunId, WorkflowId } from '../../model/ids.js';
import { asText } from '../../model/payload.js';
import type { Batch } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import { cancelBatch } from '../client/cancel.js';
import { readRun, readTarget } from '../client/read-run.js';
import { acceptSignal, signalBatch } from '../client/signal.js';
import type { Core } from '../core.js';
import { chainOf, decodeStart } from '../run-projection.js';
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
  const asking = askingRun(await readRun(core, errand.runId));
  for (;;) {
    const child = await openChild(core, asking, event.workflowId);
    if (!child || !isChild(child, errand.runId, event.childId)) return errand.end();
    if ((await errand.commit(await cancelBatch(core, child, reasonOf(event)))) === 'done') {
      core.worker?.poke(child.runId);
      return;
    }
  }
}

/** A run that is asked for its children. */
export interface AskingRun {
  readonly workflowId: WorkflowId;
  readonly runId: RunId;
  readonly runNumber: number;
  readonly chain: RunId;
}

export function askingRun(run: RunRecord): AskingRun {
  const { workflowId, runId, runNumber } = run;
  return { workflowId, runId, runNumber, chain: chainOf(run) };
}

/**
 * The open run of a workflow id, where it is a child of that run or of one before it in its chain. What is asked for late
 * is not for the child of a later run, which may have the same id.
 */
export async function openChild(
  core: Core,
  asking: AskingRun,
  workflowId: WorkflowId,
): Promise<RunRecord | undefined> {
  const run = await current(core, workflowId);
  const parent = run?.closedAt === null ? decodeStart(run).parent : undefined;
  if (parent?.workflowId !== asking.workflowId) return undefined;
  return parent.runId === asking.runId || (await isBefore(core, parent.runId, asking)) ? run : undefined;
}

async function isBefore(core: Core, runId: RunId, { runNumber, chain }: AskingRun): Promise<boolean> {
  const run = await core.storage.readRun(runId);
  return !run || (run.runNumber < runNumber && chainOf(run) === chain);
}

async function current(core: Core, workflowId: WorkflowId): Promise<RunRecord | undefined> {
  try {
    return await readTarget(core, { workflowId });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

function isChild(run: RunRecord, runId: RunId, childId: string | undefined): boolean {
  const { parent } = decodeStart(run);
  return parent?.runId === runId && parent.childId === childId;
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
      if ('childId' in event && !isChild(run, errand.runId, event.childId))
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
