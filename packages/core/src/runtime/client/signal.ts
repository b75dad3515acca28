import { decodeEvent } from '../../codec/events.js';
import {
  InvalidArgumentError,
  isPerdureError,
  SignalRejectedError,
  WorkflowNotActiveError,
} from '../../model/errors.js';
import { isValidId, runTaskId, type RunId } from '../../model/ids.js';
import type { Payload, TextPayload } from '../../model/payload.js';
import type { EpochMs } from '../../model/time.js';
import type { Batch, Write } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import type { Core } from '../core.js';
import { encodeSignal } from '../messages.js';
import { chainOf, decodeBody, decodeStart } from '../run-projection.js';
import { sealPayload } from '../worker/sealing.js';
import { atOnce } from './at-once.js';
import { attemptCommit, gaveUp, mostRounds } from './attempt-commit.js';
import { checkMessage, type DeclaredMessages } from './declared-messages.js';
import { encodeFor } from './encode.js';
import { chainOwner, signalKey } from './keys.js';
import type { OpenCore } from './open-core.js';
import { readTarget } from './read-run.js';
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
    const key = signalId === undefined ? undefined : { chain: chainOf(run), signalId };
    const messages = declared ?? core.registry.workflows.get(run.workflowType)?.messages;
    refuseWhereFull(run, name);
    const input = await sealPayload(core, acceptSignal(core, run.workflowType, messages, name, argument));
    const attempted = await attemptCommit(core, signalBatch(core, run, key, { messageId, name, input }));
    if (attempted !== 'unknown' && attempted.ok) {
      core.worker?.poke(runId);
      return;
    }
    if (key && (await core.storage.readKey(core.namespace, signalKey(key.chain, key.signalId)))) return;
    if (attempted === 'unknown' && (await hasArrived(core, run, messageId))) return;
    const now = await readTarget(core, target);
    // Another run may have taken its place since: then the signal is for that one.
    if (now.closedAt !== null && now.runId === runId) {
      throw new WorkflowNotActiveError(
        `Workflow '${now.workflowId}' (run ${runId}) is ${now.status}: it takes no signals any more`,
      );
    }
  }
  throw gaveUp(`Signal '${name}' to workflow '${target.workflowId}'`);
}

/** Whether a signal came to a run after that was read: it may have been taken since, and the run gone on as another. */
export async function hasArrived(
  { storage }: Core,
  { runId, seq }: Pick<RunRecord, 'runId' | 'seq'>,
  messageId: string,
): Promise<boolean> {
  const [loaded] = await storage.loadRuns([{ runId, afterSeq: seq }]);
  return (
    loaded?.inbox.some((message) => message.kind === 'signal' && message.messageId === messageId) === true ||
    loaded?.events.map(decodeEvent).some((event) => 'messageId' in event && event.messageId === messageId) ===
      true
  );
}

function refuseWhereFull(run: RunRecord, name: string): void {
  // Most bodies need not be read for this.
  if (!run.body.includes('"signalsFull":true') || !decodeBody(run).signalsFull) return;
  throw new SignalRejectedError(
    `Signal '${name}' was refused: workflow '${run.workflowId}' has as many signals as it may have that its code has not taken; send it again later`,
  );
}

/** A run as far as a message to it has to know it. */
export type Addressee = Pick<RunRecord, 'runId' | 'start' | 'status'>;

export function signalBatch(
  { namespace, clock }: Core,
  run: Addressee,
  once: { readonly chain: RunId; readonly signalId: string } | undefined,
  { messageId, name, input }: { messageId: string; name: string; input: Payload },
): Batch {
  const { runId } = run;
  const at = clock.now();
  const key = once && signalKey(once.chain, once.signalId);
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
      wakeUp(run, at),
      ...(once && key !== undefined
        ? [
            {
              kind: 'put-key' as const,
              record: { namespace, key, value: '1', runId: chainOwner(once.chain) },
            },
          ]
        : []),
    ],
  };
}

/**
 * Makes a run look at a message. A start delay ends with it; the wait before another attempt does not, but what has
 * begun since it was read is woken all the same, so that there is no message without a wake-up.
 */
export function wakeUp(run: Addressee, now: EpochMs): Write {
  const { beginsAt } = run.status === 'pending' ? decodeStart(run) : {};
  return { kind: 'wake-task', taskId: runTaskId(run.runId), at: beginsAt ?? atOnce(now) };
}

/** The door: a type that declares messages takes the declared ones only; one that declares none takes any. */
export function acceptSignal(
  core: Core,
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
