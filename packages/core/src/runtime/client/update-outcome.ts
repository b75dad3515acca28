import { failureOf, rebuildError } from '../../codec/failures.js';
import type { UpdateCompleted, UpdateFailed } from '../../model/events.js';
import {
  InvalidArgumentError,
  UpdateFailedError,
  UpdateRejectedError,
  WaitTimeoutError,
  WorkflowNotActiveError,
  WorkflowNotFoundError,
} from '../../model/errors.js';
import type { FailureRecord } from '../../model/failure.js';
import type { RunId, WorkflowId } from '../../model/ids.js';
import type { RunRecord } from '../../storage/records.js';
import { decodeUpdateRecord, type UpdateRecord } from '../update-record.js';
import { eventsOf, openFailure } from '../worker/sealing.js';
import { readValue } from './describe.js';
import { updateKey } from './keys.js';
import type { OpenCore } from './open-core.js';
import { nextOf } from './read-run.js';
import { waitFor, type WaitLimits } from './wait-for.js';

export type UpdateStage = 'accepted' | 'completed';

/** An update that is in the store. */
export interface SentUpdate {
  readonly workflowId: WorkflowId;
  /** The run whose inbox it was put into. */
  readonly runId: RunId;
  /** The chain of runs along which its id holds. */
  readonly chain: RunId;
  readonly updateId: string;
  readonly name: string;
}

type Reached = Exclude<UpdateRecord, { stage: 'rejected' }>;
type Seen =
  | { readonly record: UpdateRecord }
  /** The run that got it with what the one before had not taken. */
  | { readonly moved: RunId }
  /** The end of the run that had it: nothing more will come. */
  | { readonly ended: RunRecord | undefined; readonly accepted: boolean };

/** Waits until an update has come so far. Rejects where it never will, or with `WaitTimeoutError`. */
export async function awaitStage(
  core: OpenCore,
  sent: SentUpdate,
  stage: UpdateStage,
  limits: WaitLimits,
): Promise<Reached> {
  const done = core.closings.waiting();
  try {
    let seen: Seen | undefined;
    for (let at = sent; ; at = { ...sent, runId: seen.moved }) {
      seen = await waitFor(core, at.runId, () => look(core, at, stage), limits);
      if (!seen || !('moved' in seen)) break;
    }
    if (!seen) {
      throw new WaitTimeoutError(
        `${titleOf(sent)} was not ${stage} in the time that it was awaited; it stays where it is, and the same id finds it`,
      );
    }
    if ('accepted' in seen) throw endedBefore(sent, seen);
    if (seen.record.stage !== 'rejected') return seen.record;
    const failure = await openFailure(core, seen.record.failure);
    throw new UpdateRejectedError(`${titleOf(sent)} was refused: ${failure.message}`, {
      cause: rebuildError(failure),
    });
  } finally {
    done();
  }
}

async function look(core: OpenCore, sent: SentUpdate, stage: UpdateStage): Promise<Seen | undefined> {
  const seen = await lookAtRecord(core, sent, stage);
  if (seen !== 'here' && seen) return seen;
  const run = await core.storage.readRun(sent.runId);
  if (run?.closedAt === null) return undefined;
  // What came with the close was written in one commit with it, and can be read now.
  const last = await lookAtRecord(core, sent, stage);
  if (last !== 'here' && last) return last;
  const next = run && !last ? nextOf(run) : undefined;
  return next !== undefined ? { moved: next } : { ended: run, accepted: last !== undefined };
}

/** Undefined where nobody has taken it yet; 'here' where the run that is looked at has it and is not done. */
async function lookAtRecord(
  core: OpenCore,
  sent: SentUpdate,
  stage: UpdateStage,
): Promise<Seen | 'here' | undefined> {
  const record = await recordOf(core, sent);
  if (!record) return undefined;
  if (record.name !== undefined && record.name !== sent.name) throw idTaken(sent, record.name);
  if (record.stage !== 'accepted' || stage === 'accepted') return { record };
  return record.runId === sent.runId ? 'here' : { moved: record.runId };
}

async function recordOf(
  { storage, namespace }: OpenCore,
  { chain, updateId }: SentUpdate,
): Promise<UpdateRecord | undefined> {
  const key = await storage.readKey(namespace, updateKey(chain, updateId));
  return key && decodeUpdateRecord(key);
}

/** What the handler of an update returned, or the error that it threw. */
export async function outcomeOfUpdate(
  core: OpenCore,
  sent: SentUpdate,
  limits: WaitLimits,
): Promise<unknown> {
  const reached = (await awaitStage(core, sent, 'completed', limits)) as Exclude<
    Reached,
    { stage: 'accepted' }
  >;
  if ('failure' in reached) throw failed(sent, await openFailure(core, reached.failure));
  return core.command(async () => {
    const bodies = await core.storage.readEvents(reached.runId, { from: reached.seq, limit: 1 });
    const [event] = (await eventsOf(core, bodies)) as readonly (UpdateCompleted | UpdateFailed)[];
    if (!event)
      throw new WorkflowNotFoundError(
        `Run ${reached.runId} was removed, and what ${titleOf(sent)} gave with it`,
      );
    if (event.type === 'UpdateCompleted') return readValue(core, event.result);
    throw failed(sent, event.failure);
  });
}

function failed(sent: SentUpdate, failure: FailureRecord): UpdateFailedError {
  const { name, message } = failure;
  const said = name === 'Error' ? message : `${name}: ${message}`;
  return new UpdateFailedError(`${titleOf(sent)} failed: ${said}`, failureOf(failure), {
    cause: rebuildError(failure),
  });
}

function idTaken({ updateId, workflowId, name }: SentUpdate, other: string): InvalidArgumentError {
  return new InvalidArgumentError(`Update '${name}' cannot be sent to workflow '${workflowId}'`, [
    { path: 'id', message: `'${updateId}' stands for an update '${other}' of this workflow: use another id` },
  ]);
}

function titleOf({ name, updateId, workflowId }: SentUpdate): string {
  return `Update '${name}' (${updateId}) of workflow '${workflowId}'`;
}

/** By its own code, which could have waited. */
const endedByItself: ReadonlySet<string> = new Set(['completed', 'failed', 'continued_as_new']);

function endedBefore(
  sent: SentUpdate,
  { ended, accepted }: Extract<Seen, { readonly accepted: boolean }>,
): UpdateRejectedError | WorkflowNotActiveError | WorkflowNotFoundError {
  if (!ended)
    return new WorkflowNotFoundError(`Run ${sent.runId} was removed while ${titleOf(sent)} was awaited`);
  const how = `run ${ended.runId} is ${ended.status}`;
  const advice = endedByItself.has(ended.status)
    ? ': let the workflow wait for its handlers with ctx.waitCondition(() => ctx.info.unfinishedUpdates === 0)'
    : '';
  return accepted
    ? new WorkflowNotActiveError(`${titleOf(sent)} was accepted and is not done, and ${how}${advice}`)
    : new UpdateRejectedError(`${titleOf(sent)} was not accepted, and ${how}`);
}
