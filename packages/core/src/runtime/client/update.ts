import { ArgumentCheck } from '../../model/argument-check.js';
import { parseDuration } from '../../model/duration.js';
import {
  InvalidArgumentError,
  isPerdureError,
  UpdateRejectedError,
  WorkflowNotActiveError,
  type ArgumentIssue,
} from '../../model/errors.js';
import { isValidId, type RunId } from '../../model/ids.js';
import type { Payload, TextPayload } from '../../model/payload.js';
import { NEVER } from '../../model/time.js';
import type { Batch, Write } from '../../storage/port.js';
import { encodeSignal } from '../messages.js';
import { chainOf } from '../run-projection.js';
import { sealPayload } from '../worker/sealing.js';
import { attemptCommit, gaveUp, mostRounds } from './attempt-commit.js';
import { checkMessage, type DeclaredMessages } from './declared-messages.js';
import { encodeFor } from './encode.js';
import { updateKey } from './keys.js';
import type { OpenCore } from './open-core.js';
import { readTarget } from './read-run.js';
import type { RunTarget } from './run-reads.js';
import { wakeUp, type Addressee } from './signal.js';
import { awaitStage, outcomeOfUpdate, type SentUpdate, type UpdateStage } from './update-outcome.js';
import type { WaitLimits } from './wait-for.js';
import type { WaitOptions } from './wait-result.js';

export interface UpdateOptions extends WaitOptions {
  /** Whoever sends this id to this workflow gets the same outcome, and it is applied once; it stands for one update name. Made up (uuid v7) when left out. */
  id?: string;
}
export interface StartUpdateOptions extends UpdateOptions {
  /** How far the update has to have come. Default `accepted`. */
  waitFor?: UpdateStage;
}

/** An update under way. */
export interface UpdateHandle<R = unknown> {
  readonly updateId: string;
  /** How far it had come when it was awaited: at least as far as was asked for. */
  readonly stage: UpdateStage;
  /**
   * What its handler returned. Rejects with `UpdateFailedError` where the handler threw, with `WorkflowNotActiveError`
   * where the run ended before the handler did, and with `WaitTimeoutError` where the wait was too long: then it goes on.
   */
  result(options?: WaitOptions): Promise<R>;
}

const optionNames: ReadonlySet<string> = new Set(['id', 'waitFor', 'timeout', 'signal']);

/**
 * Sends an update, or finds the one of that id, and waits until it has come so far. Rejects with `UpdateRejectedError`,
 * `UpdateFailedError`, `WorkflowNotFoundError`, `WorkflowNotActiveError`, `WaitTimeoutError`, `InvalidArgumentError`.
 */
export async function startUpdate(
  core: OpenCore,
  target: RunTarget,
  declared: DeclaredMessages | undefined,
  name: string,
  argument: unknown,
  options: StartUpdateOptions = {},
): Promise<UpdateHandle> {
  checkOptions(name, options);
  const { waitFor = 'accepted' } = options;
  const limits = limitsOf(core, options);
  const updateId = options.id ?? core.ids.next(core.clock.now());
  const sent = await core.command(() => sendUpdate(core, target, declared, name, argument, updateId));
  const { stage } = await awaitStage(core, sent, waitFor, limits);
  return {
    updateId,
    stage,
    result: async (wait = {}) => {
      const check = new ArgumentCheck();
      check.options(wait, ['timeout', 'signal']);
      check.done(`The outcome of update '${name}' cannot be waited for`);
      return outcomeOfUpdate(core, sent, limitsOf(core, wait));
    },
  };
}

export function limitsOf({ clock }: OpenCore, { timeout, signal }: WaitOptions): WaitLimits {
  signal?.throwIfAborted();
  const within = timeout === undefined ? undefined : Math.max(0, parseDuration(timeout, 'timeout'));
  return { until: within === undefined ? undefined : Math.min(NEVER, clock.now() + within), signal };
}

function checkOptions(name: string, options: StartUpdateOptions): void {
  const issues: ArgumentIssue[] = [];
  if (typeof options !== 'object' || (options as unknown) === null)
    issues.push({ path: 'options', message: 'must be an object, and the third argument' });
  else {
    const { id, waitFor } = options;
    for (const key of Object.keys(options))
      if (!optionNames.has(key)) issues.push({ path: key, message: 'is no option of an update' });
    if (id !== undefined && !isValidId(id))
      issues.push({ path: 'id', message: "must be 1 to 191 letters, digits, '.', '_', '-', ':'" });
    if (waitFor !== undefined && waitFor !== 'accepted' && waitFor !== 'completed')
      issues.push({ path: 'waitFor', message: "must be 'accepted' or 'completed'" });
  }
  if (issues.length > 0) throw new InvalidArgumentError(`Update '${name}' cannot be sent`, issues);
}

/** Records an update in the inbox of the open run that is meant, unless one of its id is known there. */
async function sendUpdate(
  core: OpenCore,
  target: RunTarget,
  declared: DeclaredMessages | undefined,
  name: string,
  argument: unknown,
  updateId: string,
): Promise<SentUpdate> {
  for (let round = 0; round < mostRounds; round++) {
    const run = await readTarget(core, target);
    const { runId, workflowId } = run;
    const sent: SentUpdate = { workflowId, runId, chain: chainOf(run), updateId, name };
    const messages = declared ?? core.registry.workflows.get(run.workflowType)?.messages;
    const input = await sealPayload(core, acceptUpdate(core, run.workflowType, messages, name, argument));
    const attempted = await attemptCommit(core, updateBatch(core, run, sent, input));
    if (attempted !== 'unknown' && attempted.ok) {
      core.worker?.poke(runId);
      return sent;
    }
    if (await core.storage.readKey(core.namespace, updateKey(sent.chain, updateId))) return sent;
    const now = await readTarget(core, target);
    // Another run may have taken its place since: then the update is for that one.
    if (now.closedAt !== null && now.runId === runId) {
      throw new WorkflowNotActiveError(
        `Workflow '${workflowId}' (run ${runId}) is ${now.status}: it takes no updates any more`,
      );
    }
  }
  throw gaveUp(`Update '${name}' to workflow '${target.workflowId}'`);
}

/** One that lies in the inbox already stays as it is; one that was taken out of it has left a key. */
export function updateBatch(
  core: OpenCore,
  run: Addressee,
  { runId, chain, updateId, name }: SentUpdate,
  input: Payload,
): Batch {
  return {
    expect: [
      { kind: 'key', namespace: core.namespace, key: updateKey(chain, updateId), value: null },
      { kind: 'run-open', runId },
    ],
    writes: [updateMessage(core, runId, updateId, name, input), wakeUp(run, core.clock.now())],
  };
}

function updateMessage(
  { namespace, clock }: OpenCore,
  runId: RunId,
  messageId: string,
  name: string,
  input: Payload,
): Write {
  const body = encodeSignal({ name, input });
  return {
    kind: 'put-message',
    message: { namespace, runId, kind: 'update', messageId, at: clock.now(), body },
  };
}

/** The door: a type that declares messages takes the declared ones only; one that declares none takes any. */
export function acceptUpdate(
  core: OpenCore,
  type: string,
  declared: DeclaredMessages | undefined,
  name: string,
  argument: unknown,
): TextPayload {
  if (typeof name !== 'string' || name === '') throw new UpdateRejectedError('An update needs a name');
  try {
    return encodeFor(
      core,
      checkMessage('update', type, declared, name, argument),
      `The value of update '${name}'`,
    );
  } catch (error) {
    if (isPerdureError(error) && error.code === 'payload_too_large') throw error;
    throw new UpdateRejectedError(`Update '${name}' was refused: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
