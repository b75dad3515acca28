import { readLimits } from '../../codec/limits.js';
import { decodeValue, encodeValue } from '../../codec/values.js';
import { InvalidArgumentError, PerdureError } from '../../model/errors.js';
import { isCloseEvent, isCommandEvent, type RunEvent } from '../../model/events.js';
import type { Seq } from '../../model/ids.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import { publishedAfter } from '../../replay/published.js';
import { writeAttributes } from '../../storage/attributes.js';
import type { RunRecord } from '../../storage/records.js';
import { closedBody, closedStatus, openStatus, sealedOpenBody } from '../worker/run-body.js';
import { eventsOf } from '../worker/sealing.js';
import { unknownWorkflow } from '../../model/errors.js';
import type { DeclaredMessages } from './declared-messages.js';
import { describeRun } from './describe.js';
import type { WorkflowDescription } from './description.js';
import type { OpenCore } from './open-core.js';
import { pendingActivityTasks } from './pending-activities.js';
import { accepted } from './query.js';
import { readTarget } from './read-run.js';
import type { RunTarget } from './run-reads.js';

/** A run as it was. */
export interface RunAt {
  readonly description: WorkflowDescription;
  /** The answer as it was then. Throws `QueryRejectedError`. */
  query(name: string, argument?: unknown): unknown;
}

/**
 * The run as it was after an event, found by running its code again up to there; nothing is written. Code goes on until
 * it waits, so an event among those that an input caused stands for all of them. Rejects with `InvalidArgumentError` for
 * an event that there is not, `UnknownWorkflowError` where the code is not here, `NondeterminismError` where it no
 * longer fits.
 */
export async function runAt(
  core: OpenCore,
  target: RunTarget,
  seq: Seq,
  declared: DeclaredMessages | undefined,
): Promise<RunAt> {
  const run = await readTarget(core, target);
  checkSeq(seq, run.seq, 'The run cannot be looked at');
  const { workflowType, runId } = run;
  const bodies = await core.storage.readEvents(runId, { from: 1, limit: run.seq });
  const read = async (): Promise<readonly RunEvent[]> => settledThrough(await eventsOf(core, bodies), seq);
  const events = await read();
  const { searchAttributes } = publishedAfter(events);
  const attributes = writeAttributes(searchAttributes);
  const instance = await core.worker?.replay(workflowType, read);
  if (!instance) throw unknownWorkflow(workflowType, core.registry.workflows.keys());
  const messages = declared ?? core.registry.workflows.get(workflowType)?.messages;
  return {
    description: await describedAt(core, { ...run, attributes }, events, bodies, instance),
    query: (name, argument) => {
      const input = accepted(core, workflowType, messages, name, argument);
      return decodeValue(encodeValue(instance.query(name, decodeValue(input)), core.limits), readLimits);
    },
  };
}

/** Throws `InvalidArgumentError` unless there is such an event, up to the last one that is meant. */
export function checkSeq(seq: unknown, last: Seq, what: string): void {
  if (Number.isInteger(seq) && (seq as number) >= 1 && (seq as number) <= last) return;
  throw new InvalidArgumentError(what, [
    { path: 'seq', message: `must be a whole number from 1 to ${last}` },
  ]);
}

/** Up to the event, and on to where the code waited again. */
function settledThrough(events: readonly RunEvent[], seq: Seq): readonly RunEvent[] {
  let end = seq;
  for (let next = events[end]; next && isCommandEvent(next); next = events[end]) end++;
  return events.slice(0, end);
}

async function describedAt(
  core: OpenCore,
  run: RunRecord,
  events: readonly RunEvent[],
  bodies: readonly string[],
  instance: WorkflowInstance,
): Promise<WorkflowDescription> {
  const last = events.at(-1);
  if (!last) throw new PerdureError('internal', 'A run without events');
  const close = isCloseEvent(last) ? last : undefined;
  const then: RunRecord = {
    ...run,
    status: close ? closedStatus(close) : instance.settlement ? 'running' : openStatus(instance),
    closedAt: close ? close.at : null,
    archivedAt: null,
    progressAt: last.at,
    seq: events.length,
    historyBytes: bodies.slice(0, events.length).reduce((sum, body) => sum + body.length, 0),
    body: await (close ? closedBody(core, instance, close) : sealedOpenBody(core, instance, 0)),
  };
  const tasks = close ? [] : pendingActivityTasks(run, events, last.at);
  return { ...(await describeRun(core, then, tasks)), actions: [] };
}
