import { decodeEvent } from '../../codec/events.js';
import type { UpdateAccepted } from '../../model/events.js';
import type { FailureRecord } from '../../model/failure.js';
import type { Seq } from '../../model/ids.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { NewMessage } from '../../storage/records.js';
import type { Core } from '../core.js';
import { acceptedUpdate, encodeSignal } from '../messages.js';
import type { Unwritten } from './commit-plan.js';
import type { PendingInput } from './pending-input.js';
import { sealPayload } from './sealing.js';
import { wasAccepted, type PendingUpdate, type RefusedUpdate } from './update-desk.js';

/** What a run was given, at its place in history, as the inbox of the next run gets it. */
export interface HandedOn {
  readonly seq: Seq;
  readonly message: Pick<NewMessage, 'kind' | 'messageId' | 'at' | 'body'>;
}

/** What an update that goes to the next run is called: its sender is told where it is now. */
export interface MovedUpdate {
  readonly updateId: string;
  readonly name: string;
}

/** The accepted updates that go to the next run: those whose handlers are not done, and those still waiting for one. */
export function movedUpdates(
  { updates }: WorkflowInstance,
  unfed: readonly PendingInput[],
): readonly MovedUpdate[] {
  const moved: MovedUpdate[] = [...updates.unfinished].map(([updateId, { name }]) => ({ updateId, name }));
  for (const pending of unfed) {
    if (pending.input.type !== 'UpdateAccepted' || !wasAccepted(pending as PendingUpdate)) continue;
    const { updateId, name } = pending.input;
    if (updates.nameOf(updateId) === undefined) moved.push({ updateId, name });
  }
  return moved;
}

/** The accepted updates whose handlers are not done, as messages to the next run. Their values are read in history. */
export async function unfinishedMessages(
  core: Core,
  { updates, started: { runId } }: WorkflowInstance,
  { events, bodies }: Unwritten,
): Promise<readonly HandedOn[]> {
  const message = async ([updateId, { seq, name }]: readonly [
    string,
    { readonly seq: Seq; readonly name: string },
  ]): Promise<HandedOn> => {
    const fresh = bodies[events.findIndex((event) => event.seq === seq)];
    const [body = ''] =
      fresh === undefined ? await core.storage.readEvents(runId, { from: seq, limit: 1 }) : [fresh];
    const { input, at } = decodeEvent(body) as UpdateAccepted;
    // What history has is sealed already.
    const sealed = fresh === undefined ? input : await sealPayload(core, input);
    return {
      seq,
      message: { kind: acceptedUpdate, messageId: updateId, at, body: encodeSignal({ name, input: sealed }) },
    };
  };
  return Promise.all([...updates.unfinished].map(message));
}

/** What becomes of updates whose own handlers have continued the run as new, or tried to. */
export function leftByTheirHandlers({ updates }: WorkflowInstance): readonly RefusedUpdate[] {
  return [...updates.leaving].map(([updateId, name]) => ({
    updateId,
    name,
    failure: continuedByHandler(name),
    accepted: true,
  }));
}

function continuedByHandler(name: string): FailureRecord {
  return {
    name: 'ContinuedAsNewError',
    code: 'continued_as_new',
    message: `The handler of update '${name}' called ctx.continueAsNew, which ends it without a result: let it return, and let the workflow's own function continue as new`,
    nonRetryable: true,
  };
}
