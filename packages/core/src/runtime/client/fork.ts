import { decodeEvent, encodeEvent } from '../../codec/events.js';
import { encodeValue } from '../../codec/values.js';
import { ArgumentCheck, requireObject } from '../../model/argument-check.js';
import { InvalidArgumentError } from '../../model/errors.js';
import type { WorkflowStarted } from '../../model/events.js';
import { isValidId, type RunId, type Seq, type WorkflowId } from '../../model/ids.js';
import { publishedAfter } from '../../replay/published.js';
import { writeAttributes } from '../../storage/attributes.js';
import type { NewRun } from '../../storage/records.js';
import { encodeStart } from '../run-projection.js';
import { eventsOf, sealPayload } from '../worker/sealing.js';
import { copiedUpdateWrites } from '../worker/update-writes.js';
import { idTaken, insertCopy, openTasks, startedAnew, startOf } from './copied-run.js';
import { workflowKey } from './keys.js';
import type { OpenCore } from './open-core.js';
import { refuseOutside } from './pending-outside.js';
import { readTarget } from './read-run.js';
import type { RunTarget } from './run-reads.js';
import { checkReason } from './termination.js';
import { checkSeq } from './time-travel.js';

export interface ForkOptions {
  /**
   * The last event that the new run has in common with this one: from 1 to the last one before the end; not where this run
   * waits for a child, or for a signal or cancel request of its to arrive. The answer is for this run only, and a second
   * child would do its work twice: choose an event before the call, or after the answer.
   */
  seq: number;
  /** Workflow id of the new run, which nobody may have used. Made up (uuid v7) when left out. */
  id?: string;
  /** Why, for people: in the new run's first event. At most 4,096 characters. */
  reason?: string;
}

/**
 * Begins a run with a copy of another one's first events. What was asked for by then and not answered is asked for anew:
 * activities begin again, timers that are due fire. Nothing of the other run is touched. Rejects with
 * `InvalidArgumentError`, `WorkflowNotFoundError`, `WorkflowAlreadyStartedError`.
 */
export async function forkRun(core: OpenCore, target: RunTarget, options: ForkOptions): Promise<RunTarget> {
  const { namespace, storage } = core;
  const source = await readTarget(core, target);
  const { seq, id, reason } = checked(options, source.closedAt === null ? source.seq : source.seq - 1);
  const copied = await storage.readEvents(source.runId, { from: 1, limit: seq });
  const events = await eventsOf(core, copied);
  const { memo, searchAttributes } = publishedAfter(events);
  refuseOutside(events, 'The run cannot be forked', 'seq');
  const now = core.clock.now();
  const runId: RunId = core.ids.next(now);
  const workflowId: WorkflowId = id ?? (runId as string);
  const [began] = copied.slice(0, 1).map(decodeEvent) as [WorkflowStarted];
  const started = startedAnew(
    began,
    { workflowId, runId },
    { seq, at: now, ...(reason !== undefined && { reason }) },
    now - source.startedAt,
  );
  const run: NewRun = {
    namespace,
    runId,
    workflowId,
    runNumber: source.runNumber,
    workflowType: source.workflowType,
    taskQueue: source.taskQueue,
    startedAt: now,
    start: encodeStart(startOf(started, await sealPayload(core, encodeValue(memo)))),
    attributes: writeAttributes(searchAttributes),
    archivedAt: null,
    status: seq === 1 ? 'pending' : 'running',
    isCurrent: true,
    buildId: null,
    closedAt: null,
    progressAt: now,
    body: '{}',
  };
  const key = workflowKey(workflowId);
  await insertCopy(
    core,
    run,
    [encodeEvent(started), ...copied.slice(1)],
    [...openTasks(run, started, events, now), ...copiedUpdateWrites(core, started, events)],
    async () => {
      const taken = await storage.readKey(namespace, key);
      if (taken) throw idTaken(workflowId, taken.value, 'known');
      return {
        isCurrent: true,
        expect: [{ kind: 'key', namespace, key, value: null }],
        writes: [{ kind: 'put-key', record: { namespace, key, value: runId, runId } }],
      };
    },
  );
  return { workflowId, runId, follow: true };
}

function checked(options: ForkOptions, last: Seq): ForkOptions {
  const given = requireObject(options ?? {}, 'options');
  const check = new ArgumentCheck();
  check.known(given, ['seq', 'id', 'reason']);
  check.done('The run cannot be forked');
  checkSeq(given.seq, last, 'The run cannot be forked');
  if (given.id !== undefined && !isValidId(given.id)) {
    throw new InvalidArgumentError('The run cannot be forked', [
      { path: 'id', message: "must be 1 to 191 letters, digits, '.', '_', '-', ':'" },
    ]);
  }
  checkReason(given.reason);
  return given;
}
