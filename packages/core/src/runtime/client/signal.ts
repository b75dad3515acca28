import {
  InvalidArgumentError,
  isPerdureError,
  SignalRejectedError,
  WorkflowNotActiveError,
} from '../../model/errors.js';
import { isValidId, runTaskId, type RunId } from '../../model/ids.js';
import type { Payload, TextPayload } from '../../model/payload.js';
import type { Batch } from '../../storage/port.js';
import { encodeSignal } from '../messages.js';
import { sealPayload } from '../worker/sealing.js';
import { atOnce } from './at-once.js';
import { attemptCommit, gaveUp, mostRounds } from './attempt-commit.js';
import { checkMessage, type DeclaredMessages } from './declared-messages.js';
import { encodeFor } from './encode.js';
import { signalKey } from './keys.js';
import type { OpenCore } from './open-core.js';
import { readRun, readTarget } from './read-run.js';
import type { RunTarget } from './run-reads.js';

/**
 * Records a signal in the inbox of an open run, and makes the run visible, in one commit. It is in the store when this
 * resolves. With an id of the caller's it is applied once, however often it is sent, also when the first one was
 * applied long ago or the run has closed since.
 *
 * Rejects with `SignalRejectedError`, `WorkflowNotFoundError`, `WorkflowNotActiveError`, `InvalidArgumentError`.
 */
export async function signalRun(
  core: OpenCore,
  target: RunTarget,
  declared: DeclaredMessages | undefined,
  name: string,
  argument: unknown,
  signalId: string | undefined,
): Promise<void> {
  if (signalId !== undefined && !isValidId(signalId)) {
    throw new InvalidArgumentError(`Signal '${name}' cannot be sent`, [
      { path: 'id', message: "must be 1 to 191 letters, digits, '.', '_', '-', ':'" },
    ]);
  }
  const messageId = signalId ?? core.ids.next(core.clock.now());
  for (let round = 0; round < mostRounds; round++) {
    const run = await readTarget(core, target);
    const { runId } = run;
    const messages = declared ?? core.registry.workflows.get(run.workflowType)?.messages;
    const input = await sealPayload(core, accept(core, run.workflowType, messages, name, argument));
    const attempted = await attemptCommit(
      core,
      signalBatch(core, runId, { messageId, signalId, name, input }),
    );
    if (attempted !== 'unknown' && attempted.ok) {
      core.worker?.poke(runId);
      return;
    }
    if (signalId !== undefined && (await core.storage.readKey(core.namespace, signalKey(runId, signalId))))
      return;
    const now = await readRun(core, runId);
    // Another run of the id may have begun since: then the signal is for that one.
    if (now.closedAt !== null && (target.runId !== undefined || now.isCurrent)) {
      throw new WorkflowNotActiveError(
        `Workflow '${now.workflowId}' (run ${runId}) is ${now.status}: it takes no signals any more`,
      );
    }
  }
  throw gaveUp(`Signal '${name}' to workflow '${target.workflowId}'`);
}

function signalBatch(
  { namespace, clock }: OpenCore,
  runId: RunId,
  {
    messageId,
    signalId,
    name,
    input,
  }: { messageId: string; signalId: string | undefined; name: string; input: Payload },
): Batch {
  const at = clock.now();
  const key = signalId === undefined ? undefined : signalKey(runId, signalId);
  return {
    expect: [
      ...(key === undefined ? [] : [{ kind: 'key' as const, namespace, key, value: null }]),
      { kind: 'run-open', runId },
    ],
    writes: [
      {
        kind: 'put-message',
        message: { namespace, runId, kind: 'signal', messageId, at, body: encodeSignal({ name, input }) },
      },
      { kind: 'wake-task', taskId: runTaskId(runId), at: atOnce(at) },
      ...(key === undefined
        ? []
        : [{ kind: 'put-key' as const, record: { namespace, key, value: '1', runId } }]),
    ],
  };
}

/** The door: a type that declares messages takes the declared ones only; one that declares none takes any. */
function accept(
  core: OpenCore,
  type: string,
  declared: DeclaredMessages | undefined,
  name: string,
  argument: unknown,
): TextPayload {
  if (typeof name !== 'string' || name === '') throw new SignalRejectedError('A signal needs a name');
  try {
    return encodeFor(
      core,
      checkMessage('signal', type, declared, name, argument),
      `The value of signal '${name}'`,
    );
  } catch (error) {
    if (isPerdureError(error) && error.code === 'payload_too_large') throw error;
    throw new SignalRejectedError(`Signal '${name}' was refused: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
