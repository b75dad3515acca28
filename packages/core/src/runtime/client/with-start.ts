import { InvalidArgumentError, WorkflowNotActiveError } from '../../model/errors.js';
import { isValidId, type RunId, type WorkflowId } from '../../model/ids.js';
import type { Batch } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import { checkRegistered } from '../search/attribute-registry.js';
import { chainOf } from '../run-projection.js';
import { sealPayload } from '../worker/sealing.js';
import { attemptCommit, gaveUp, mostRounds } from './attempt-commit.js';
import { beginningOf, type PlannedStart, type WorkflowReference } from './beginning.js';
import { batchOf, birthOf, type Origin } from './birth.js';
import type { DeclaredMessages } from './declared-messages.js';
import { decideDuplicate, type StartedRun } from './duplicates.js';
import { signalKey, updateKey } from './keys.js';
import type { OpenCore } from './open-core.js';
import { newestOf, readRun } from './read-run.js';
import { acceptSignal, hasArrived, signalBatch, type Addressee } from './signal.js';
import type { StartOptions } from './start-options.js';
import { acceptUpdate, updateBatch } from './update.js';
import type { SentUpdate } from './update-outcome.js';

/** A message that brings its run along where there is none. */
interface Message {
  readonly what: string;
  /** What puts it into the inbox of a run; refused where it was put there before. */
  batch(run: Addressee): Batch;
  /** Names it in an inbox. */
  readonly messageId: string;
  /** What stands for it once it was taken out of the inbox; undefined where nothing does. */
  key(chain: RunId): string | undefined;
}

export interface FirstSignal {
  readonly name: string;
  readonly payload: unknown;
  /** Applied once, however often it is sent. Default: the request id, where there is one. */
  readonly id: string | undefined;
}

/** Signals the open run of a workflow id, or starts one with the signal in its inbox: one commit either way. */
export async function signalWithStart(
  core: OpenCore,
  workflow: WorkflowReference,
  input: unknown,
  options: StartOptions,
  { name, payload, id = options.requestId }: FirstSignal,
): Promise<StartedRun> {
  checkMessageId('signalId', id);
  const beginning = joining(core, workflow, input, options);
  const value = acceptSignal(core, beginning.workflowType, declaredBy(core, workflow), name, payload);
  const sealed = await sealPayload(core, value);
  const messageId = id ?? core.ids.next(core.clock.now());
  return startWith(core, beginning, {
    what: `Signal '${name}'`,
    messageId,
    batch: (run) => {
      const once = id === undefined ? undefined : { chain: chainOf(run), signalId: id };
      return signalBatch(core, run, once, { messageId, name, input: sealed });
    },
    key: (chain) => (id === undefined ? undefined : signalKey(chain, id)),
  });
}

/** Sends an update to the open run of a workflow id, or starts one with the update in its inbox: one commit either way. */
export async function updateWithStart(
  core: OpenCore,
  workflow: WorkflowReference,
  input: unknown,
  options: StartOptions,
  { name, payload, id = options.requestId }: FirstSignal,
): Promise<SentUpdate> {
  checkMessageId('updateId', id);
  const beginning = joining(core, workflow, input, options);
  const value = acceptUpdate(core, beginning.workflowType, declaredBy(core, workflow), name, payload);
  const sealed = await sealPayload(core, value);
  const updateId = id ?? core.ids.next(core.clock.now());
  const sentTo = ({ workflowId }: Pick<StartedRun, 'workflowId'>, run: Addressee): SentUpdate => ({
    workflowId,
    runId: run.runId,
    chain: chainOf(run),
    updateId,
    name,
  });
  const started = await startWith(core, beginning, {
    what: `Update '${name}'`,
    messageId: updateId,
    batch: (run) => updateBatch(core, run, sentTo({ workflowId: '' }, run), sealed),
    key: (chain) => updateKey(chain, updateId),
  });
  return sentTo(started, await readRun(core, started.runId));
}

/** An open run is what a message is for; in place of a closed one it starts the next. */
function joining(
  core: OpenCore,
  workflow: WorkflowReference,
  input: unknown,
  options: StartOptions,
): PlannedStart {
  const beginning = beginningOf(core, workflow, input, options);
  if (options.duplicatePolicy !== undefined) return beginning;
  return { ...beginning, plan: { ...beginning.plan, policy: 'join' } };
}

function declaredBy(core: OpenCore, workflow: WorkflowReference): DeclaredMessages | undefined {
  return typeof workflow === 'string' ? core.registry.workflows.get(workflow)?.messages : workflow.messages;
}

function checkMessageId(path: string, id: string | undefined): void {
  if (id === undefined || isValidId(id)) return;
  throw new InvalidArgumentError('The message cannot be sent', [
    { path, message: "must be 1 to 191 letters, digits, '.', '_', '-', ':'" },
  ]);
}

async function startWith(core: OpenCore, beginning: PlannedStart, message: Message): Promise<StartedRun> {
  const { plan } = beginning;
  await checkRegistered(core, beginning.attributes);
  const newRunId: RunId = core.ids.next(core.clock.now());
  const workflowId: WorkflowId = plan.workflowId ?? (newRunId as string);
  for (let round = 0; round < mostRounds; round++) {
    const decision = await decideDuplicate(core, workflowId, beginning);
    const run =
      decision.kind === 'existing'
        ? await deliver(core, await newestOf(core, await readRun(core, decision.run.runId)), message)
        : await begin(core, { workflowId, runId: newRunId }, beginning, decision.origin, message);
    if (run !== undefined) return { workflowId, runId: run, follow: true };
  }
  throw gaveUp(`${message.what} to workflow '${workflowId}'`);
}

/** To the run that is there; undefined where it closed meanwhile, and what stands under the id has to be looked at again. */
async function deliver(core: OpenCore, run: RunRecord, message: Message): Promise<RunId | undefined> {
  const { runId } = run;
  const attempted = await attemptCommit(core, message.batch(run));
  if (attempted !== 'unknown' && attempted.ok) {
    core.worker?.poke(runId);
    return runId;
  }
  const key = message.key(chainOf(run));
  if (key !== undefined && (await core.storage.readKey(core.namespace, key))) return runId;
  if (attempted === 'unknown' && (await hasArrived(core, run, message.messageId))) return runId;
  if (run.closedAt === null) return undefined;
  throw new WorkflowNotActiveError(
    `${message.what} cannot be sent: the run that this request started (${runId}) is ${run.status}`,
  );
}

/** Together with the run; it is for whoever claims it, who finds the message in the inbox. */
async function begin(
  core: OpenCore,
  ids: { readonly workflowId: WorkflowId; readonly runId: RunId },
  beginning: PlannedStart,
  origin: Origin,
  message: Message,
): Promise<RunId | undefined> {
  const birth = await birthOf(core, ids, beginning, origin, core.clock.now());
  const { expect, writes } = message.batch(birth.run);
  const batch = await batchOf(core, {
    ...birth,
    expect: [...birth.expect, ...expect.filter(({ kind }) => kind !== 'run-open')],
    writes: [...birth.writes, ...writes],
  });
  const attempted = await attemptCommit(core, batch);
  const begun = attempted === 'unknown' ? await core.storage.readRun(ids.runId) : attempted.ok;
  if (!begun) return undefined;
  core.worker?.poke(ids.runId);
  for (const write of origin.writes) {
    if (write.kind !== 'advance-run') continue;
    core.worker?.poke(write.runId);
    core.closings.look(write.runId);
  }
  return ids.runId;
}
