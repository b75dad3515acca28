import { encodeValue } from '../../codec/values.js';
import type { CancelRequested, ChildRef } from '../../model/events.js';
import type { RunId } from '../../model/ids.js';
import type { Payload } from '../../model/payload.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import { writeAttributes } from '../../storage/attributes.js';
import type { Batch, Write } from '../../storage/port.js';
import type { NewMessage, NewRun } from '../../storage/records.js';
import { batchOf, birthOf } from '../client/birth.js';
import { moment } from '../client/start-options.js';
import type { Core } from '../core.js';
import { cancelMessageId, encodeCancel, encodeSignal } from '../messages.js';
import { openChild } from '../outbox/requests.js';
import { tellParent } from '../outbox/tell-run.js';
import { decodeStart } from '../run-projection.js';
import type { Unwritten } from './commit-plan.js';
import { unfinishedMessages } from './unfinished-updates.js';
import type { PendingInput } from './pending-input.js';
import type { Ending } from './closing.js';
import { sealPayload } from './sealing.js';

/**
 * What the end of a run is written with: the run that goes on in its place, or the word to its parent. `born`: the run
 * ends in the commit that creates it.
 */
export async function writtenWith(
  core: Core,
  instance: WorkflowInstance,
  ending: Ending,
  born: NewRun | undefined,
  unwritten: Unwritten,
  unfed: readonly PendingInput[],
): Promise<Batch> {
  const { runId, parent } = instance.started;
  if (ending.nextAt === undefined) return tellParent(core, runId, parent, ending.event);
  const run = born ?? (await core.storage.readRun(runId));
  return {
    expect: [],
    writes: run ? await nextRunWrites(core, instance, run, ending, unwritten, unfed) : [],
  };
}

/**
 * What begins the run that goes on in place of one that ends: continued as new, or another attempt with the same input.
 * Timeouts, retry policy, priority, memo, search attributes and parent are those of the run before; what that one had
 * accepted and no code of its own has taken, or taken and not done, waits in the inbox of the next one, in order.
 */
async function nextRunWrites(
  core: Core,
  instance: WorkflowInstance,
  run: Pick<NewRun, 'start' | 'runId' | 'attributes'>,
  ending: Ending,
  unwritten: Unwritten,
  unfed: readonly PendingInput[],
): Promise<readonly Write[]> {
  const { event, nextAt } = ending;
  if (nextAt === undefined || !('newRunId' in event) || event.newRunId === undefined) return [];
  const { started, published } = instance;
  const { memo, searchAttributes } = published;
  const { newRunId: runId } = event;
  const start = decodeStart(run);
  const continued = event.type === 'WorkflowContinuedAsNew' ? event : undefined;
  const { workflowType, taskQueue } = continued ?? started;
  const runTimeout = started.runTimeout;
  const open = async (payload: Payload): Promise<Payload> =>
    core.sealer.active ? core.sealer.open(payload) : payload;
  const children = continued && (await stillOpen(core, instance));
  const birth = await birthOf(
    core,
    { workflowId: started.workflowId, runId },
    {
      workflowType,
      input: continued?.input ?? (await open(start.input)),
      memo: memo ? encodeValue(memo) : await open(start.memo),
      attributes: searchAttributes ? writeAttributes(searchAttributes) : run.attributes,
      headers: started.headers,
      plan: {
        taskQueue,
        executionDeadline: started.executionDeadline,
        runDeadline: runTimeout === undefined ? undefined : moment(nextAt, runTimeout),
        runTimeout,
        retry: started.retry,
        visibleAt: nextAt,
        priority: started.priority ?? 5,
        fairnessKey: started.fairnessKey ?? '',
        fairnessWeight: started.fairnessWeight ?? 1,
      },
    },
    {
      runNumber: started.runNumber + 1,
      expect: [],
      writes: [],
      lineage: {
        attempt: continued ? 1 : started.attempt + 1,
        continuedFrom: started.runId,
        firstRunId: started.firstRunId ?? started.runId,
        ...(started.parent && { parent: started.parent }),
        ...(children?.length && { children }),
      },
    },
    core.clock.now(),
  );
  const { writes } = await batchOf(core, birth);
  const messages = await carried(core, instance, unwritten, unfed, runId);
  return [...writes, ...messages.map((message) => ({ kind: 'put-message' as const, message }))];
}

/** The children that go to the next run: those that earlier runs had left are looked after, so that they do not pile up. */
async function stillOpen(core: Core, { started, children }: WorkflowInstance): Promise<readonly ChildRef[]> {
  const inherited = new Set(started.children);
  const { workflowId, runId, runNumber, firstRunId: chain = runId } = started;
  const asking = { workflowId, runId, runNumber, chain };
  const open = await Promise.all(
    children.left.map(
      async (child) =>
        !inherited.has(child) || (await openChild(core, asking, child.workflowId)) !== undefined,
    ),
  );
  return children.left.filter((_, i) => open[i]);
}

/** What the run has accepted and no code of it has taken, or taken and not done, in order. */
async function carried(
  core: Core,
  instance: WorkflowInstance,
  unwritten: Unwritten,
  unfed: readonly PendingInput[],
  runId: RunId,
): Promise<readonly NewMessage[]> {
  const about = { namespace: core.namespace, runId };
  const messages: NewMessage[] = [];
  if (instance.cancelRequest) messages.push({ ...about, ...cancelMessage(instance.cancelRequest) });
  const begun = [...(await unfinishedMessages(core, instance, unwritten))];
  for (const { seq, name, messageId, input, at } of instance.mailbox.untaken()) {
    const body = encodeSignal({ name, input: await sealPayload(core, input) });
    begun.push({ seq, message: { kind: 'signal', messageId, at, body } });
  }
  begun.sort((a, b) => a.seq - b.seq);
  for (const { message } of begun) messages.push({ ...about, ...message });
  for (const { input, message } of unfed) {
    if (!message || !outlives(instance, input)) continue;
    const { kind, messageId, at, body } = message;
    messages.push({ ...about, kind, messageId, at, body });
  }
  return messages;
}

/** What was meant for the workflow; outcomes of work were meant for the run that asked for it. */
function outlives(instance: WorkflowInstance, input: PendingInput['input']): boolean {
  if (input.type === 'UpdateAccepted') return instance.updates.nameOf(input.updateId) === undefined;
  return (input.type === 'SignalReceived' || input.type === 'CancelRequested') && instance.accepts(input);
}

function cancelMessage({
  reason,
  cancelQueuedActivities,
  at,
}: CancelRequested): Omit<NewMessage, 'namespace' | 'runId'> {
  const body = encodeCancel({ ...(reason !== undefined && { reason }), cancelQueuedActivities });
  return { kind: 'cancel', messageId: cancelMessageId, at, body };
}
