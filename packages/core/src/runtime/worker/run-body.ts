import { encodeValue } from '../../codec/values.js';
import type { CloseEvent, RunEvent } from '../../model/events.js';
import type { FailureRecord } from '../../model/failure.js';
import { systemAttributes } from '../../model/search-attributes.js';
import type { Payload } from '../../model/payload.js';
import type { ClosedStatus, OpenStatus } from '../../model/status.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import { publishedAfter, type Published } from '../../replay/published.js';
import { writeAttributes } from '../../storage/attributes.js';
import type { Core } from '../core.js';
import type { RunChanges, RunRecord } from '../../storage/records.js';
import { decodeBody, encodeBody, type RunBody } from '../run-projection.js';
import { sealFailure, sealPayload } from './sealing.js';

/** More waits than this of one kind are not listed. */
const mostListed = 100;

/** What a run shows of itself while it is open and after. */
export interface Shown {
  readonly state?: Payload;
  readonly memo?: Payload;
}

function shownBy({
  state,
  published: { memo },
}: Pick<WorkflowInstance, 'state'> & { readonly published: Pick<Published, 'memo'> }): Shown | undefined {
  return state || memo ? { ...(state && { state }), ...(memo && { memo: encodeValue(memo) }) } : undefined;
}

async function sealedShown(core: Core, { state, memo }: Shown): Promise<Shown> {
  return {
    ...(state && { state: await sealPayload(core, state) }),
    ...(memo && { memo: await sealPayload(core, memo) }),
  };
}

/** What a run that cannot go on goes on showing: what is stored of it, or else what its instance has come to. */
export async function shownWhere(
  core: Core,
  stored: RunRecord | undefined,
  instance: WorkflowInstance | undefined,
): Promise<Shown> {
  try {
    const { state, memo } = stored ? decodeBody(stored) : {};
    if (stored) return { ...(state && { state }), ...(memo && { memo }) };
  } catch {
    return {}; // unreadable, which may be why it cannot go on
  }
  return sealedShown(core, (instance && shownBy(instance)) ?? {});
}

/** The projection of an open run, without codecs of the user's. */
export function openBody(instance: WorkflowInstance, mostSignals: number): string {
  const body = bodyOf(instance, mostSignals);
  const shown = shownBy(instance);
  if (shown) return encodeBody({ ...body, ...shown });
  return body ? encodeBody(body) : '{}';
}

export async function sealedOpenBody(
  core: Core,
  instance: WorkflowInstance,
  mostSignals: number,
): Promise<string> {
  const shown = shownBy(instance);
  return encodeBody({ ...bodyOf(instance, mostSignals), ...(shown && (await sealedShown(core, shown))) });
}

/** `mostSignals`: so many may wait to be taken; 0: any number. */
function bodyOf(instance: WorkflowInstance, mostSignals: number): RunBody | undefined {
  const full = mostSignals > 0 && instance.mailbox.untaken().length >= mostSignals;
  return full ? { ...waitsOf(instance), signalsFull: true as const } : waitsOf(instance);
}

/** The projection of a run that has ended. */
export async function closedBody(
  core: Core,
  instance: Pick<WorkflowInstance, 'state'> & { readonly published: Pick<Published, 'memo'> },
  event: CloseEvent,
): Promise<string> {
  return encodeBody({
    ...(await sealedShown(core, shownBy(instance) ?? {})),
    ...(event.type === 'WorkflowCompleted' && { output: await sealPayload(core, event.result) }),
    ...(event.type === 'WorkflowFailed' && { failure: await sealFailure(core, event.failure) }),
    ...('reason' in event && event.reason !== undefined && { closedReason: event.reason }),
    ...('newRunId' in event && event.newRunId !== undefined && { nextRunId: event.newRunId }),
    ...(event.type === 'WorkflowTimedOut' && { closedReason: `${event.timeout} timeout` }),
  });
}

export function openStatus(instance: WorkflowInstance): OpenStatus {
  return instance.waits.someActivity(() => true) ? 'running' : 'waiting';
}

export function closedStatus(event: CloseEvent): ClosedStatus {
  switch (event.type) {
    case 'WorkflowCompleted':
      return 'completed';
    case 'WorkflowFailed':
      return 'failed';
    case 'WorkflowCancelled':
      return 'cancelled';
    case 'WorkflowTerminated':
      return 'terminated';
    case 'WorkflowTimedOut':
      return 'timed_out';
    case 'WorkflowContinuedAsNew':
      return 'continued_as_new';
  }
}

/** Undefined where there is nothing to list. */
function waitsOf(instance: WorkflowInstance): RunBody | undefined {
  const timers: { id: string; dueAt: number }[] = [];
  const signals: string[] = [];
  const conditions: { id: string; dueAt?: number }[] = [];
  for (const wait of instance.waits.all()) {
    if (wait.kind === 'timer' && wait.deferred && timers.length < mostListed)
      timers.push({ id: wait.id, dueAt: wait.dueAt });
    else if (wait.kind === 'signal' && signals.length < mostListed) signals.push(wait.name);
    else if (wait.kind === 'condition' && conditions.length < mostListed) {
      conditions.push({ id: wait.id, ...(wait.dueAt !== undefined && { dueAt: wait.dueAt }) });
    }
  }
  const { open } = instance.children;
  const children = open.size > 0 ? [...open.values()].slice(0, mostListed) : [];
  if (timers.length + signals.length + conditions.length + children.length === 0) return undefined;
  return {
    ...(children.length > 0 && { children: children.map(({ policy: _policy, ...child }) => child) }),
    ...(timers.length > 0 && { timers }),
    ...(signals.length > 0 && { signals }),
    ...(conditions.length > 0 && { conditions }),
  };
}

/** Whether a run shows something else than it has come to: it was blocked, or came into the store as a copy. */
export function isStale(shown: RunRecord, { status, body }: RunChanges): boolean {
  return shown.status !== status || (shown.body === '{}' && body !== '{}');
}

/** What lists find a run by, where these events have changed it: its search attributes, and what it has failed with. */
export function foundBy(
  { started, published: { searchAttributes } }: WorkflowInstance,
  events: readonly RunEvent[],
  closed: CloseEvent | undefined,
): Pick<RunChanges, 'attributes'> {
  const upserted = events.some(({ type }) => type === 'SearchAttributesUpserted');
  if (!upserted && closed?.type !== 'WorkflowFailed') return {};
  return {
    attributes: storedAttributes(searchAttributes ?? publishedAfter([started]).searchAttributes, closed),
  };
}

export function storedAttributes(
  searchAttributes: Readonly<Record<string, unknown>>,
  closed: CloseEvent | undefined,
): string {
  const { attribute } = systemAttributes.FailureType;
  return writeAttributes(
    closed?.type === 'WorkflowFailed'
      ? { ...searchAttributes, [attribute]: failureTypes(closed.failure) }
      : searchAttributes,
  );
}

const mostFailureTypes = 10;

function failureTypes(failure: FailureRecord): readonly string[] {
  const types: string[] = [];
  for (let one: FailureRecord | undefined = failure; one && types.length < mostFailureTypes; one = one.cause)
    types.push(one.name);
  return types;
}
