import { ArgumentCheck } from '../../model/argument-check.js';
import { readBundle } from '../../codec/bundle.js';
import { decodeEvent, encodeEvent } from '../../codec/events.js';
import { encodeValue } from '../../codec/values.js';
import { InvalidArgumentError, NondeterminismError, WorkflowNotClosedError } from '../../model/errors.js';
import {
  endsFromOutside,
  isCloseEvent,
  type CloseEvent,
  type RunEvent,
  type WorkflowStarted,
} from '../../model/events.js';
import { isValidId, type RunId } from '../../model/ids.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import { publishedAfter } from '../../replay/published.js';
import type { NewRun, RunRecord } from '../../storage/records.js';
import { blockageError } from '../blockage-error.js';
import { encodeStart } from '../run-projection.js';
import { closedBody, closedStatus, storedAttributes } from '../worker/run-body.js';
import { sealedBodies, sealPayload } from '../worker/sealing.js';
import { copiedUpdateWrites } from '../worker/update-writes.js';
import { changesOf } from './archive.js';
import { idTaken, insertCopy, openTasks, startedAnew, startOf } from './copied-run.js';
import { ofRedacted } from './replay-bundle.js';
import { workflowKey } from './keys.js';
import type { OpenCore } from './open-core.js';
import { refuseOutside } from './pending-outside.js';
import type { RunTarget } from './run-reads.js';

export interface ImportOptions {
  /** Takes the run in as a copy under this workflow id. Default: as the run that it is, with its own ids. */
  id?: string;
  /** Goes on with an open run here. Its home must not go on with it: nothing here can keep it from that. */
  takeOver?: boolean;
}

/**
 * Takes a run in from a bundle: a closed one as a record, an open one to go on with it. It is replayed first, where its
 * code is here. Rejects with `InvalidArgumentError` for what is no sound bundle, `NondeterminismError` where the code
 * does not fit it, `WorkflowNotClosedError` for an open run that is not to be taken over, `WorkflowAlreadyStartedError`
 * where its ids are taken. Nothing is written then.
 */
export async function importRun(
  core: OpenCore,
  bundle: unknown,
  options: ImportOptions = {},
): Promise<RunTarget> {
  const { id, takeOver = false } = checked(options);
  const { workflow, events, bodies } = readBundle(bundle);
  const last = events.at(-1) as RunEvent;
  const close = isCloseEvent(last) ? last : undefined;
  const began = events[0] as WorkflowStarted;
  if (!close && !takeOver) {
    throw new WorkflowNotClosedError(
      `Run ${began.runId} of workflow '${began.workflowId}' is open: import it with takeOver to go on with it here, once nobody goes on with it elsewhere`,
    );
  }
  if (!close && workflow.redacted) {
    throw new InvalidArgumentError('The history cannot be imported', [
      {
        path: 'bundle.workflow.redacted',
        message: 'its values are not what the run would go on with: export it without redact',
      },
    ]);
  }
  if (!close && id !== undefined) refuseOutside(events, 'The history cannot be imported as a copy', 'id');
  const instance = await replayed(core, bodies, close, workflow.redacted === true);
  const now = core.clock.now();
  const started =
    id === undefined
      ? began
      : startedAnew(
          began,
          { workflowId: id, runId: core.ids.next(now) },
          { seq: events.length, at: now, reason: 'imported' },
          now - began.at,
        );
  const run = await recordOf(core, started, bodies, last, close, instance);
  await insertCopy(
    core,
    run,
    await storedBodies(core, started, events, bodies),
    [...(close ? [] : openTasks(run, started, events, now)), ...copiedUpdateWrites(core, started, events)],
    () => placeOf(core, run),
  );
  return { workflowId: run.workflowId, runId: run.runId, follow: true };
}

function checked(options: ImportOptions): ImportOptions {
  const check = new ArgumentCheck();
  check.options(options, ['id', 'takeOver']);
  check.done('The history cannot be taken in');
  const { id } = options;
  if (id === undefined || isValidId(id)) return options;
  throw new InvalidArgumentError('The history cannot be imported', [
    { path: 'id', message: "must be 1 to 191 letters, digits, '.', '_', '-', ':'" },
  ]);
}

async function storedBodies(
  core: OpenCore,
  started: WorkflowStarted,
  events: readonly RunEvent[],
  bodies: readonly string[],
): Promise<readonly string[]> {
  return core.sealer.active
    ? sealedBodies(core, [started, ...events.slice(1)])
    : [encodeEvent(started), ...bodies.slice(1)];
}

/** Undefined where the code is not here, or never ran. */
async function replayed(
  core: OpenCore,
  bodies: readonly string[],
  close: CloseEvent | undefined,
  redacted: boolean,
): Promise<WorkflowInstance | undefined> {
  if (close && bodies.length === 2 && endsFromOutside(close)) return undefined;
  const { workflowType } = decodeEvent(bodies[0] as string) as WorkflowStarted;
  try {
    return await core.worker?.replay(workflowType, async () => bodies.map(decodeEvent));
  } catch (error) {
    throw redacted && error instanceof NondeterminismError ? blockageError(ofRedacted(error)) : error;
  }
}

async function recordOf(
  core: OpenCore,
  started: WorkflowStarted,
  bodies: readonly string[],
  last: RunEvent,
  close: CloseEvent | undefined,
  instance: WorkflowInstance | undefined,
): Promise<NewRun> {
  const { workflowId, runId, workflowType, taskQueue, runNumber } = started;
  const { memo, searchAttributes } = publishedAfter(bodies.map(decodeEvent));
  return {
    namespace: core.namespace,
    runId,
    workflowId,
    runNumber,
    workflowType,
    taskQueue,
    startedAt: started.at,
    start: encodeStart({
      ...startOf(started, await sealPayload(core, encodeValue(memo))),
      input: await sealPayload(core, started.input),
    }),
    attributes: storedAttributes(searchAttributes, close),
    archivedAt: null,
    status: close ? closedStatus(close) : last.seq === 1 ? 'pending' : 'running',
    isCurrent: true,
    buildId: null,
    closedAt: close ? close.at : null,
    progressAt: last.at,
    body: close
      ? await closedBody(core, instance ?? { state: undefined, published: { memo: undefined } }, close)
      : '{}',
  };
}

/** Behind, before or in place of the run that is current here: runs of one workflow id are imported in any order. */
async function placeOf(
  { storage, namespace }: OpenCore,
  { workflowId, runId, runNumber }: NewRun,
): ReturnType<Parameters<typeof insertCopy>[4]> {
  const key = workflowKey(workflowId);
  const known = await storage.readRun(runId);
  if (known) throw idTaken(workflowId, runId, known.status);
  const current = await storage.readKey(namespace, key);
  const run: RunRecord | undefined = current && (await storage.readRun(current.value));
  const put = { kind: 'put-key' as const, record: { namespace, key, value: runId, runId } };
  const expectKey = (
    value: RunId | null,
  ): { kind: 'key'; namespace: string; key: string; value: string | null } => ({
    kind: 'key',
    namespace,
    key,
    value,
  });
  if (!run) return { isCurrent: true, expect: [expectKey(null)], writes: [put] };
  if (runNumber < run.runNumber) return { isCurrent: false, expect: [expectKey(run.runId)], writes: [] };
  if (runNumber === run.runNumber || run.closedAt === null) throw idTaken(workflowId, run.runId, run.status);
  return {
    isCurrent: true,
    expect: [expectKey(run.runId), { kind: 'run-at', runId: run.runId, seq: run.seq }],
    writes: [{ kind: 'amend-run', runId: run.runId, changes: { ...changesOf(run), isCurrent: false } }, put],
  };
}
