import type { ChildOutcome, CloseEvent, InputEvent, ParentRef, Unplaced } from '../../model/events.js';
import { runTaskId, type RunId } from '../../model/ids.js';
import type { Batch } from '../../storage/port.js';
import { atOnce } from '../client/at-once.js';
import type { Core } from '../core.js';
import { encodeOutcome } from '../messages.js';

const nothing: Batch = { expect: [], writes: [] };

/** Tells an open run what became of something that it asked another run for, once by that id. */
export async function tellRun(
  core: Core,
  runId: RunId,
  messageId: string,
  input: Unplaced<InputEvent>,
): Promise<Batch> {
  const at = core.clock.now();
  const event = { seq: 1, at: 0, ...input } as InputEvent;
  const body = encodeOutcome(
    core.sealer.active ? ((await core.sealer.sealEvent(event)) as InputEvent) : event,
  );
  return {
    expect: [{ kind: 'run-open', runId }],
    writes: [
      {
        kind: 'put-message',
        message: { namespace: core.namespace, runId, kind: 'run', messageId, at, body },
      },
      { kind: 'wake-task', taskId: runTaskId(runId), at: atOnce(at) },
    ],
  };
}

/**
 * What the end of a child writes for its parent, in the same batch. A run that another one follows in its chain is not
 * the end of the child; a parent that is closed or gone, or has continued as new, does not wait for it.
 */
export async function tellParent(
  core: Core,
  runId: RunId,
  parent: ParentRef | undefined,
  closed: CloseEvent,
): Promise<Batch> {
  const outcome = parent && outcomeOf(parent.childId, runId, closed);
  if (!outcome) return nothing;
  const asking = await core.storage.readRun(parent.runId);
  if (asking?.closedAt !== null) return nothing;
  return tellRun(core, parent.runId, `${parent.childId}:closed`, outcome);
}

function outcomeOf(childId: string, runId: RunId, closed: CloseEvent): Unplaced<ChildOutcome> | undefined {
  if ('newRunId' in closed && closed.newRunId !== undefined) return undefined;
  switch (closed.type) {
    case 'WorkflowCompleted':
      return { type: 'ChildWorkflowCompleted', childId, runId, result: closed.result };
    case 'WorkflowFailed':
      return { type: 'ChildWorkflowFailed', childId, runId, failure: closed.failure };
    case 'WorkflowTimedOut':
      return { type: 'ChildWorkflowTimedOut', childId, runId, timeout: closed.timeout };
    case 'WorkflowCancelled':
    case 'WorkflowTerminated': {
      const { reason } = closed;
      const type = closed.type === 'WorkflowCancelled' ? 'ChildWorkflowCancelled' : 'ChildWorkflowTerminated';
      return { type, childId, runId, ...(reason !== undefined && { reason }) };
    }
    case 'WorkflowContinuedAsNew':
      return undefined;
  }
}
