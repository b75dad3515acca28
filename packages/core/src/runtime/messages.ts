import { decodeEvent, encodeEvent } from '../codec/events.js';
import { readPayload, writePayload } from '../codec/stored-payload.js';
import type {
  ActivityCancelled,
  ActivityCompleted,
  ActivityFailed,
  ActivityTimedOut,
  CancelRequested,
  ChildOutcome,
  InputEvent,
  RequestOutcome,
  SignalReceived,
  Unplaced,
  UpdateAccepted,
} from '../model/events.js';
import type { MessageRecord } from '../storage/records.js';
import { parsedRecord, readStored } from './stored-text.js';

/** What may lie in a run's inbox: the `kind` of a message, unique together with its `messageId`. */
type MessageKind = 'signal' | 'update' | typeof acceptedUpdate | 'cancel' | 'activity' | 'run';

/** An update that an earlier run of the chain has accepted and not done: no validator is asked about it again. */
export const acceptedUpdate = 'accepted-update';

/** A run is asked to cancel once: whoever asks, however often, it is the same message. */
export const cancelMessageId = 'cancel';

export type SignalMessage = Pick<SignalReceived, 'name' | 'input'>;
export type CancelMessage = Pick<CancelRequested, 'reason' | 'cancelQueuedActivities'>;
/** How an activity ended, on its way to the run that waits for it. */
export type ActivityOutcome = Unplaced<
  ActivityCompleted | ActivityFailed | ActivityTimedOut | ActivityCancelled
>;
/** The same, or what another run has answered. */
type OutcomeMessage = ActivityOutcome | Unplaced<ChildOutcome | RequestOutcome>;

/** A named value: the body of a signal, of an update, and of a query on its way to a worker. `{ name, input: { codec, data } }`. */
export function encodeSignal({ name, input }: SignalMessage): string {
  return `{"name":${JSON.stringify(name)},"input":${writePayload(input)}}`;
}

export function encodeCancel({ reason, cancelQueuedActivities }: CancelMessage): string {
  return JSON.stringify({ ...(reason !== undefined && { reason }), cancelQueuedActivities });
}

/** The body is the event; its place and time are not its own yet, and are left out again when it is read. */
export function encodeOutcome(outcome: Unplaced<InputEvent>): string {
  return encodeEvent({ ...outcome, seq: 1, at: 0 });
}

export function decodeSignal(body: string): SignalMessage {
  const { name, input } = parsedRecord(body);
  if (typeof name !== 'string') throw new TypeError('a message without a name');
  return { name, input: readPayload(input) };
}

function cancelOf({ reason, cancelQueuedActivities }: Record<string, unknown>): CancelMessage {
  if (typeof cancelQueuedActivities !== 'boolean' || !(reason === undefined || typeof reason === 'string'))
    throw new TypeError('a request to cancel that is none');
  return { cancelQueuedActivities, ...(reason !== undefined && { reason }) };
}

function updateOf(updateId: string, body: string): Unplaced<UpdateAccepted> {
  return { type: 'UpdateAccepted', updateId, ...decodeSignal(body) };
}

/** The input event that a message becomes once it has its place in history. Throws `StorageError` where it cannot be read. */
export function decodeMessage(message: MessageRecord): Unplaced<InputEvent> {
  const { position, kind, runId } = message;
  return readStored(`Message ${position} (${kind}) in the inbox of run ${runId}`, () => read(message));
}

function read({ kind, messageId, body }: MessageRecord): Unplaced<InputEvent> {
  switch (kind as MessageKind) {
    case 'signal':
      return { type: 'SignalReceived', messageId, ...decodeSignal(body) };
    case 'update':
    case acceptedUpdate:
      return updateOf(messageId, body);
    case 'cancel':
      return { type: 'CancelRequested', messageId, ...cancelOf(parsedRecord(body)) };
    case 'activity':
    case 'run': {
      const { seq: _seq, at: _at, ...outcome } = decodeEvent(body);
      return outcome as OutcomeMessage;
    }
  }
  throw new Error(`No message is of kind '${kind}'`);
}
