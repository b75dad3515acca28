import type { InputEvent, RunEvent, Unplaced, WorkflowStarted } from '../model/events.js';
import { defaultPayloadLimits } from '../codec/limits.js';
import { decodeValue, encodeValue } from '../codec/values.js';
import { decodeEvent, encodeEvent } from '../codec/events.js';
import type { ContextLogger } from './instance-host.js';
import { WorkflowInstance } from './instance.js';

/** A run without a runtime: fed by hand, drained by a whole task a step. */
export interface Bench {
  readonly instance: WorkflowInstance;
  readonly history: RunEvent[];
  readonly foreign: () => number;
  feed(input: Unplaced<InputEvent>, at?: number): Promise<void>;
  settle(): Promise<void>;
}

const silent: ContextLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Sees its own instance as well, so that it can look at what it has done. */
type Program = (ctx: any, input: any, instance: WorkflowInstance) => Promise<unknown>;

export function started(input?: unknown, at = 1_000): WorkflowStarted {
  return {
    seq: 1,
    type: 'WorkflowStarted',
    at,
    workflowType: 'program',
    workflowId: 'w',
    runId: 'r',
    taskQueue: 'default',
    input: encodeValue(input),
    runNumber: 1,
    attempt: 1,
  };
}

function conceive(fn: Program, event: WorkflowStarted, log = silent): Bench {
  let foreign = 0;
  const code = (ctx: never, input: never): Promise<unknown> => fn(ctx, input, instance);
  const instance: WorkflowInstance = new WorkflowInstance({ name: 'program', fn: code }, event, {
    namespace: 'default',
    log,
    limits: defaultPayloadLimits,
    onForeign: () => {
      foreign += 1;
    },
  });
  const history: RunEvent[] = [];
  const settle = async (): Promise<void> => {
    while (instance.step()) await nextTask();
    history.push(...instance.recorder.takeFresh().events);
  };
  return {
    instance,
    history,
    foreign: () => foreign,
    settle,
    feed: async (input, at = instance.recorder.now) => {
      if (!instance.accepts(input)) return;
      instance.feedNew(input, at);
      await settle();
    },
  };
}

/** Starts a program live. */
export async function begin(fn: Program, input?: unknown, log = silent): Promise<Bench> {
  const event = started(input);
  const bench = conceive(fn, event, log);
  const { seq: _seq, at, ...first } = event;
  await bench.feed(first, at);
  return bench;
}

/** Replays a history, as it comes back from a store, with the same or with other code. */
export async function replayed(fn: Program, history: readonly RunEvent[], log = silent): Promise<Bench> {
  const events = history.map((event) => decodeEvent(encodeEvent(event)));
  const bench = conceive(fn, events[0] as WorkflowStarted, log);
  bench.instance.feedRecorded({ events });
  await bench.settle();
  return bench;
}

/** As text, without saying where in the code errors were made: that is told by their stacks, which are others on replay. */
export function withoutStacks(value: unknown): string | undefined {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (key === 'stack') return undefined;
    return key === 'text' ? String(inner).replace(/"stack":"(?:[^"\\]|\\.)*"/g, '"stack":""') : inner;
  });
}

export const completed = (activityId: string, result?: unknown): Unplaced<InputEvent> => ({
  type: 'ActivityCompleted',
  activityId,
  attempt: 1,
  result: encodeValue(result),
});
export const failed = (activityId: string, message = 'no'): Unplaced<InputEvent> => ({
  type: 'ActivityFailed',
  activityId,
  attempt: 1,
  failure: { name: 'Error', message },
});
export const fired = (timerId: string): Unplaced<InputEvent> => ({ type: 'TimerFired', timerId });
let messages = 0;
export const signalled = (name: string, input?: unknown): Unplaced<InputEvent> => ({
  type: 'SignalReceived',
  name,
  messageId: `m${++messages}`,
  input: encodeValue(input),
});
export const cancelRequested: Unplaced<InputEvent> = {
  type: 'CancelRequested',
  messageId: 'cancel',
  reason: 'enough',
  cancelQueuedActivities: true,
};

export const typesOf = (history: readonly RunEvent[]): string[] => history.map((event) => event.type);
export const outcome = ({ instance }: Bench): unknown => {
  const { settlement } = instance;
  if (settlement?.kind === 'completed') return decodeValue(settlement.result);
  if (settlement?.kind === 'failed') return `failed: ${settlement.failure.message}`;
  return settlement?.kind;
};
