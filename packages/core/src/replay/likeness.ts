import { sameValue } from '../codec/same-value.js';
import type { CommandEvent, Unplaced } from '../model/events.js';
import { payloadText, type Payload } from '../model/payload.js';

/** A command in words: what a report shows of it. */
export interface CommandSummary {
  readonly seq?: number;
  readonly type: string;
  readonly name?: string;
  readonly id?: string;
  readonly input?: string;
}

/** The same call, wherever it stands. */
export function alike(one: Unplaced<CommandEvent>, other: Unplaced<CommandEvent>): boolean {
  const [a, b] = [summary(one), summary(other)];
  return a.type === b.type && a.name === b.name && sameInput(one, other);
}

/** Not by what a report shows of it, which is cut. */
function sameInput(one: object, other: object): boolean {
  const { input: a } = one as { readonly input?: Payload };
  const { input: b } = other as { readonly input?: Payload };
  return a && b ? sameValue(a, b) : a === b;
}

/** What of two calls of one kind must be the same and is not; their numbers apart. */
export function difference(recorded: CommandEvent, produced: Unplaced<CommandEvent>): string[] {
  const [a, b] = [summary(recorded), summary(produced)];
  const inline = (event: object): boolean => 'inline' in event;
  return [
    ...(a.name === b.name ? [] : ['name']),
    ...(sameInput(recorded, produced) ? [] : ['input']),
    ...(inline(recorded) === inline(produced) ? [] : ['inline']),
  ];
}

/** The same kind of call, by another name: what a name in the code stands for was changed. */
export function onlyNamesDiffer(recorded: CommandEvent, produced: Unplaced<CommandEvent>): boolean {
  const [a, b] = [summary(recorded), summary(produced)];
  const named = recorded.type !== 'TimerStarted' && a.name !== undefined;
  return named && a.type === b.type && difference(recorded, produced).join() === 'name';
}

/** A call of the same kind and name, whatever its input. */
export function namesakes(one: Unplaced<CommandEvent>, other: Unplaced<CommandEvent>): boolean {
  const [a, b] = [summary(one), summary(other)];
  return a.type === b.type && a.name !== undefined && a.name === b.name;
}

/** What a report shows of a command. */
export function summary(
  command: Omit<CommandEvent, 'seq' | 'at'> & { readonly seq?: number },
): CommandSummary {
  const event = command as CommandEvent;
  const base = { ...(command.seq !== undefined && { seq: command.seq }), type: event.type };
  switch (event.type) {
    case 'ActivityScheduled':
      return {
        ...base,
        name: event.activityType,
        id: event.activityId,
        input: payloadText(event.input).slice(0, 400),
      };
    case 'ActivityCancelRequested':
      return { ...base, id: event.activityId };
    case 'ChildWorkflowScheduled':
      return {
        ...base,
        name: event.workflowType,
        id: event.childId,
        input: payloadText(event.input).slice(0, 400),
      };
    case 'ChildWorkflowCancelRequested':
      return { ...base, id: event.childId };
    case 'ExternalSignalRequested':
      return {
        ...base,
        name: event.name,
        id: event.requestId,
        input: payloadText(event.input).slice(0, 400),
      };
    case 'ExternalCancelRequested':
      return { ...base, name: event.workflowId, id: event.requestId };
    case 'TimerStarted':
      return { ...base, name: event.purpose, id: event.timerId };
    case 'TimerCancelled':
      return { ...base, id: event.timerId };
    case 'SignalWaitOpened':
      return { ...base, name: event.name, id: event.waitId };
    case 'ConditionWaitOpened':
    case 'ConditionSatisfied':
      return { ...base, id: event.waitId };
    case 'SideEffectRecorded':
    case 'SearchAttributesUpserted':
    case 'MemoUpserted':
      return base;
    case 'VersionMarkerRecorded':
      return { ...base, name: event.changeId, id: `version ${event.version}` };
    case 'UpdateCompleted':
    case 'UpdateFailed':
      return { ...base, id: event.updateId };
  }
}
