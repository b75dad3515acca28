import type { CommandEvent, RunEvent } from '../model/events.js';
import { payloadText, samePayload } from '../model/payload.js';

/** A command in words: what a report shows of it. */
interface CommandSummary {
  readonly seq?: number;
  readonly type: string;
  readonly name?: string;
  readonly id?: string;
  readonly input?: string;
}

type DivergenceCause =
  'renamed' | 'changed_input' | 'inserted' | 'removed' | 'moved' | 'different' | 'different_end';

/** Where today's code and the recorded history part, and what to do. */
export interface DivergenceReport {
  /** The recorded event at which they part; one past the end where code asked for more than was recorded. */
  readonly seq: number;
  readonly expected: CommandSummary | null;
  readonly produced: CommandSummary | null;
  /** The last commands that agreed, oldest first. */
  readonly lastMatching: readonly CommandSummary[];
  readonly cause: DivergenceCause;
  readonly hint: string;
  /** Where workflow code made the call. */
  readonly stack?: string;
}

/** Whether a produced command is the recorded one. What was frozen when it was recorded (timeouts, retries, due times) does not count. */
export function sameCommand(recorded: CommandEvent, produced: Omit<CommandEvent, 'seq' | 'at'>): boolean {
  const other = produced as CommandEvent;
  switch (recorded.type) {
    case 'ActivityScheduled':
      return (
        other.type === 'ActivityScheduled' &&
        recorded.activityId === other.activityId &&
        recorded.activityType === other.activityType &&
        recorded.inline === other.inline &&
        samePayload(recorded.input, other.input)
      );
    case 'ActivityCancelRequested':
      return other.type === recorded.type && recorded.activityId === other.activityId;
    case 'ChildWorkflowScheduled':
      return (
        other.type === recorded.type &&
        recorded.childId === other.childId &&
        recorded.workflowType === other.workflowType &&
        // One that was made up holds the ids of the run, which a copy does not share.
        (recorded.workflowId === other.workflowId || recorded.workflowId.endsWith(`:${other.childId}`)) &&
        samePayload(recorded.input, other.input)
      );
    case 'ChildWorkflowCancelRequested':
      return other.type === recorded.type && recorded.childId === other.childId;
    case 'ExternalSignalRequested':
      return (
        other.type === recorded.type &&
        recorded.requestId === other.requestId &&
        recorded.workflowId === other.workflowId &&
        recorded.name === other.name &&
        samePayload(recorded.input, other.input)
      );
    case 'ExternalCancelRequested':
      return (
        other.type === recorded.type &&
        recorded.requestId === other.requestId &&
        recorded.workflowId === other.workflowId
      );
    case 'TimerStarted':
      return (
        other.type === recorded.type &&
        recorded.timerId === other.timerId &&
        recorded.purpose === other.purpose
      );
    case 'TimerCancelled':
      return other.type === recorded.type && recorded.timerId === other.timerId;
    case 'SignalWaitOpened':
      return other.type === recorded.type && recorded.waitId === other.waitId && recorded.name === other.name;
    case 'ConditionWaitOpened':
      return other.type === recorded.type && recorded.waitId === other.waitId;
    case 'ConditionSatisfied':
      return other.type === recorded.type && recorded.waitId === other.waitId;
    case 'SideEffectRecorded':
    case 'SearchAttributesUpserted':
    case 'MemoUpserted':
      return other.type === recorded.type;
    case 'VersionMarkerRecorded':
      return false; // taken by its change id, never by its place
    case 'UpdateCompleted':
    case 'UpdateFailed':
      return other.type === recorded.type && recorded.updateId === other.updateId;
  }
}

export interface DivergenceFacts {
  readonly seq: number;
  readonly expected: CommandEvent | undefined;
  readonly produced: Omit<CommandEvent, 'seq' | 'at'> | undefined;
  /** Recorded commands that come after `expected` in the same activation. */
  readonly following: readonly CommandEvent[];
  readonly matched: readonly CommandEvent[];
  readonly stack?: string | undefined;
}

export function divergenceReport(facts: DivergenceFacts): DivergenceReport {
  const { seq, expected, produced, matched, stack } = facts;
  const cause = likelyCause(facts);
  return {
    seq,
    expected: expected ? summary(expected) : null,
    produced: produced ? summary(produced) : null,
    lastMatching: matched.slice(-5).map(summary),
    cause,
    hint: hints[cause],
    ...(stack !== undefined && { stack }),
  };
}

function likelyCause({ expected, produced, following }: DivergenceFacts): DivergenceCause {
  if (!expected) return 'inserted';
  if (!produced) return 'removed';
  const [was, is] = [summary(expected), summary(produced)];
  if (was.type === is.type && was.name === is.name && was.input !== is.input) return 'changed_input';
  if (following.some((event) => looksLike(summary(event), is))) return 'removed';
  if (was.type === is.type && was.name !== is.name) return 'renamed';
  return 'different';
}

function looksLike(a: CommandSummary, b: CommandSummary): boolean {
  return a.type === b.type && a.name === b.name && a.input === b.input;
}

const wayOut =
  'guard the change with ctx.patched(), put the old code back, or fork the run before this event';
const hints: Record<DivergenceCause, string> = {
  renamed: `The same kind of call is made here with another name: ${wayOut}`,
  changed_input: `The same call is made here with another input: derive the input from recorded values only, or ${wayOut}`,
  inserted: `Code asks for something here that was not recorded, as if a call had been added: ${wayOut}`,
  removed: `Recorded calls are not made any more, as if a call had been removed: ${wayOut}`,
  moved: `The calls are made in another order: ${wayOut}`,
  different: `Another call is made here than was recorded: ${wayOut}`,
  different_end: `The workflow ends otherwise than was recorded: ${wayOut}`,
};

export function endDivergence(recorded: RunEvent, ended: string): DivergenceReport {
  return {
    seq: recorded.seq,
    expected: { seq: recorded.seq, type: recorded.type },
    produced: { type: ended },
    lastMatching: [],
    cause: 'different_end',
    hint: hints.different_end,
  };
}

export function divergenceMessage(workflowType: string, report: DivergenceReport): string {
  const show = (command: CommandSummary | null): string =>
    command
      ? [command.type, command.name, command.id && `(${command.id})`].filter(Boolean).join(' ')
      : 'nothing';
  return `Workflow '${workflowType}' does not match its history at event ${report.seq}: history has ${show(report.expected)}, code asks for ${show(report.produced)}. ${report.hint}.`;
}

function summary(command: Omit<CommandEvent, 'seq' | 'at'> & { readonly seq?: number }): CommandSummary {
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
