import { Expected } from './expected.js';
import { Oracle, type OracleInput } from './oracle.js';
import { isForced, type SeenEvent, type SeenRun } from '../seen.js';

/** How a history differs from what its program must do; undefined where it does not, or where nobody can tell. */
export function differenceOf(run: SeenRun): string | undefined {
  const [started] = run.events;
  const input = started?.input?.data as OracleInput | undefined;
  if (!input || run.events.length < 2 || isUnanswered(run)) return undefined;
  const expected = new Expected();
  const oracle = new Oracle(input, expected);
  for (let i = 0; i < run.events.length;) {
    const event = run.events[i++] as SeenEvent;
    if (isClose(event))
      return isForced(run) || event.type === 'WorkflowTimedOut' ? undefined : endOf(oracle, event);
    const commands: SeenEvent[] = [];
    for (let next = run.events[i]; next && isCommand(next); next = run.events[++i]) commands.push(next);
    expected.open(event, commands);
    oracle.feed(event);
    if (expected.undecided) return undefined;
    expected.close();
    if (expected.wrong !== undefined) return `after event ${event.seq} (${event.type}): ${expected.wrong}`;
  }
  return undefined;
}

/** Started, and ended before any of its code was run. */
function isUnanswered({ events }: SeenRun): boolean {
  const [, second] = events;
  return (
    events.length === 2 &&
    second !== undefined &&
    /^Workflow(Terminated|TimedOut|Cancelled)$/.test(second.type)
  );
}

function endOf({ settled, cancelledInTime }: Oracle, event: SeenEvent): string | undefined {
  const told = JSON.stringify(settled);
  const is = (holds: boolean): string | undefined =>
    holds
      ? undefined
      : `ends with ${event.type} ${JSON.stringify(event.result ?? event.failure ?? '')}, where the program comes to ${told}`;
  if (!settled) return is(false);
  if ('next' in settled)
    return is(event.type === 'WorkflowContinuedAsNew' && same(event.input?.data, settled.next));
  if ('value' in settled)
    return is(event.type === 'WorkflowCompleted' && same(event.result?.data, settled.value));
  if (cancelledInTime && settled.error === '!cancelled') return is(event.type === 'WorkflowCancelled');
  const { message } = (event.failure ?? {}) as { message?: string };
  return is(
    event.type === 'WorkflowFailed' &&
      (!settled.error.startsWith('!thrown') || settled.error === `!${String(message)}`),
  );
}

function same(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

/** Whatever the order in which properties were written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

function isClose({ type }: SeenEvent): boolean {
  return /^Workflow(Completed|Failed|Cancelled|Terminated|TimedOut|ContinuedAsNew)$/.test(type);
}

const commands = new Set([
  ...['ActivityScheduled', 'ActivityCancelRequested', 'TimerStarted', 'TimerCancelled', 'SignalWaitOpened'],
  ...['ConditionWaitOpened', 'ConditionSatisfied', 'SideEffectRecorded', 'VersionMarkerRecorded'],
  ...['UpdateCompleted', 'UpdateFailed', 'ChildWorkflowScheduled', 'ChildWorkflowCancelRequested'],
  ...['ExternalSignalRequested', 'ExternalCancelRequested', 'MemoUpserted', 'SearchAttributesUpserted'],
]);
function isCommand({ type }: SeenEvent): boolean {
  return commands.has(type);
}
