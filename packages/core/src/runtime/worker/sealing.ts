import type { FailureRecord } from '../../model/failure.js';
import type { InputEvent, RunEvent, Unplaced, WorkflowStarted } from '../../model/events.js';
import type { Payload } from '../../model/payload.js';
import type { RecordedHistory } from '../../replay/recorded-turns.js';
import type { Core } from '../core.js';
import { decodeEvent, encodeEvent } from '../../codec/events.js';
import type { MessageRecord } from '../../storage/records.js';
import type { ActivityTaskBody } from '../activity-task.js';
import { decodeMessage } from '../messages.js';

/** The user's payload codecs at work: everything that goes to the store passes here, and nothing costs where there are none. */
export async function sealPayload(core: Core, payload: Payload): Promise<Payload> {
  return core.sealer.active ? core.sealer.seal(payload) : payload;
}

export async function sealFailure(core: Core, failure: FailureRecord): Promise<FailureRecord> {
  return core.sealer.active ? core.sealer.sealFailure(failure) : failure;
}

export async function openFailure(core: Core, failure: FailureRecord): Promise<FailureRecord> {
  return core.sealer.active ? core.sealer.openFailure(failure) : failure;
}

/** Events as stored bodies, sealed. */
export function sealedBodies(core: Core, events: readonly RunEvent[]): Promise<readonly string[]> {
  return Promise.all(events.map(async (event) => encodeEvent(await core.sealer.sealEvent(event))));
}

/** Stored bodies as events with every payload readable, in order. */
export function eventsOf(
  core: Core,
  bodies: readonly string[],
): readonly RunEvent[] | Promise<readonly RunEvent[]> {
  const events = bodies.map(decodeEvent);
  return core.sealer.active ? Promise.all(events.map((event) => core.sealer.openEvent(event))) : events;
}

/** A run's stored bodies for its replay, and the event that it began with; undefined where it begins with another. */
export async function historyOf(
  core: Core,
  bodies: readonly string[],
): Promise<{ readonly started: WorkflowStarted | undefined; readonly history: RecordedHistory }> {
  const history = core.sealer.active ? { events: await eventsOf(core, bodies) } : { bodies };
  const [first] = await eventsOf(core, bodies.slice(0, 1));
  return { started: first?.type === 'WorkflowStarted' ? first : undefined, history };
}

/** What a task carries, with its payloads readable. */
export async function openTaskBody(core: Core, body: ActivityTaskBody): Promise<ActivityTaskBody> {
  if (!core.sealer.active) return body;
  const { heartbeat, lastFailure } = body;
  return {
    ...body,
    ...(heartbeat && { heartbeat: await core.sealer.open(heartbeat) }),
    ...(lastFailure && { lastFailure: await core.sealer.openFailure(lastFailure) }),
  };
}

/** A message as the input that it stands for. */
export async function openMessage(core: Core, message: MessageRecord): Promise<Unplaced<InputEvent>> {
  const input = decodeMessage(message);
  if (!core.sealer.active) return input;
  const { seq: _seq, at: _at, ...opened } = await core.sealer.openEvent({ seq: 0, at: 0, ...input });
  return opened as Unplaced<InputEvent>;
}
