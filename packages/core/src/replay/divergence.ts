import { sameValue } from '../codec/same-value.js';
import type { CommandEvent, RunEvent, Unplaced } from '../model/events.js';
import { alike, difference, namesakes, onlyNamesDiffer, summary, type CommandSummary } from './likeness.js';

/**
 * - `renamed`, `changed_input`: the same call stands here with another name or input.
 * - `inserted`: a call was added here; the recorded one is made later, or history had ended.
 * - `removed`: the recorded call is not made any more; what is made here was recorded later.
 * - `moved`: both calls are made, and both were recorded, in another order.
 * - `renumbered`: the same call, and yet another one in the order of calls.
 * - `different`: another call, and no trace of either elsewhere.
 * - `different_end`: the workflow ends otherwise than was recorded.
 */
export type DivergenceCause =
  | 'renamed'
  | 'changed_input'
  | 'inserted'
  | 'removed'
  | 'moved'
  | 'renumbered'
  | 'different'
  | 'different_end';

/**
 * How code came to ask for nothing more: it `threw`, which is what to look at first; it `returned`; it waits for something
 * that is recorded (`waits`), or for nothing that ever could be (`waits_outside`): fetch, setTimeout, a promise of its own.
 */
export interface CodeEnd {
  readonly how: 'threw' | 'returned' | 'waits' | 'waits_outside';
  /** `at`: frames of workflow code, innermost first. */
  readonly error?: { readonly name: string; readonly message: string; readonly at?: string };
}

/** Where today's code and the recorded history part, and what to do. */
export interface DivergenceReport {
  /** The recorded event at which they part; one past the end where code asked for more than was recorded. */
  readonly seq: number;
  /** What history has there; null where it has nothing more. */
  readonly expected: CommandSummary | null;
  /** What code asks for there; null where it asks for nothing more. */
  readonly produced: CommandSummary | null;
  /** Which attributes of the two differ, where they are the same kind of call. */
  readonly differs: readonly string[];
  /**
   * Frames of workflow code, innermost first. `produced`: of the call that was not expected. `expected`: of the call
   * that history has here, where today's code still makes it; history does not keep call sites.
   */
  readonly callSites: { readonly produced?: string; readonly expected?: string };
  /** The recorded call that is most like the produced one, further on in history. */
  readonly nearest?: CommandSummary;
  /** The last commands that agreed, oldest first. */
  readonly lastMatching: readonly CommandSummary[];
  readonly cause: DivergenceCause;
  /** How today's code came to ask for nothing more, where it does not. */
  readonly ended?: CodeEnd;
  /** What has probably happened, and the ways out. */
  readonly hint: string;
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
        sameValue(recorded.input, other.input)
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
        sameValue(recorded.input, other.input)
      );
    case 'ChildWorkflowCancelRequested':
      return other.type === recorded.type && recorded.childId === other.childId;
    case 'ExternalSignalRequested':
      return (
        other.type === recorded.type &&
        recorded.requestId === other.requestId &&
        recorded.workflowId === other.workflowId &&
        recorded.name === other.name &&
        sameValue(recorded.input, other.input)
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
  readonly produced: Unplaced<CommandEvent> | undefined;
  /** Recorded commands that come after `expected`, as far as they are known. */
  readonly following: readonly CommandEvent[];
  readonly matched: readonly CommandEvent[];
  /** Frames of the produced call. */
  readonly calledAt?: string | undefined;
  readonly ended?: CodeEnd | undefined;
  /** What code asks for after `produced`, where that was tried. */
  readonly afterwards?: readonly {
    readonly command: Unplaced<CommandEvent>;
    readonly at: string | undefined;
  }[];
}

export function divergenceReport(facts: DivergenceFacts): DivergenceReport {
  const { seq, expected, produced, matched, calledAt, ended } = facts;
  const { cause, stillMade, recordedLater } = relation(facts);
  return {
    seq,
    expected: expected ? summary(expected) : null,
    produced: produced ? summary(produced) : null,
    differs: expected?.type === produced?.type && expected && produced ? difference(expected, produced) : [],
    callSites: {
      ...(calledAt !== undefined && { produced: calledAt }),
      ...(stillMade?.at !== undefined && { expected: stillMade.at }),
    },
    ...(recordedLater && { nearest: summary(recordedLater) }),
    lastMatching: matched.slice(-5).map(summary),
    cause,
    ...(ended && { ended }),
    hint: hintFor(cause, expected, ended),
  };
}

type Made = NonNullable<DivergenceFacts['afterwards']>[number];
interface Relation {
  readonly cause: DivergenceCause;
  readonly stillMade?: Made | undefined;
  readonly recordedLater?: CommandEvent | undefined;
}

/**
 * Calls are told apart by kind, name and input. One that is made as often as it was recorded has its place elsewhere;
 * one that is made more often was added, one that is made less often is gone.
 */
function relation({ expected, produced, following, afterwards = [] }: DivergenceFacts): Relation {
  const recorded = expected ? [expected, ...following] : following;
  const made = [...(produced ? [produced] : []), ...afterwards.map(({ command }) => command)];
  const balance = (call: Unplaced<CommandEvent>, same: Same): number =>
    made.filter((one) => same(call, one)).length - recorded.filter((one) => same(call, one)).length;
  const stillMade = expected && afterwards.find(({ command }) => alike(expected, command));
  const recordedLater = produced && following.find((event) => alike(event, produced));
  const gone = expected !== undefined && balance(expected, alike) < 0;
  const added = produced !== undefined && balance(produced, alike) > 0;
  const traces = { stillMade, recordedLater };
  if (!expected) return { ...traces, cause: recordedLater && !added ? 'moved' : 'inserted' };
  if (!produced) return { ...traces, cause: stillMade ? 'moved' : 'removed' };
  if (alike(expected, produced))
    return { ...traces, cause: difference(expected, produced).length > 0 ? 'different' : 'renumbered' };
  const takesItsPlace = onlyNamesDiffer(expected, produced);
  if (stillMade && !(gone && takesItsPlace)) {
    if (!recordedLater || added) return { stillMade, cause: 'inserted' };
    return { ...traces, cause: gone ? 'removed' : 'moved' };
  }
  if (recordedLater && !(added && takesItsPlace)) return { recordedLater, cause: 'removed' };
  if (takesItsPlace) return { cause: 'renamed' };
  if (namesakes(expected, produced)) return { cause: 'changed_input' };
  const sameLater = afterwards.find(({ command }) => namesakes(expected, command));
  if (sameLater && balance(expected, namesakes) >= 0) return { stillMade: sameLater, cause: 'inserted' };
  const sameRecorded = following.find((event) => namesakes(event, produced));
  if (sameRecorded && balance(produced, namesakes) <= 0)
    return { recordedLater: sameRecorded, cause: 'removed' };
  return { cause: 'different' };
}

type Same = (a: Unplaced<CommandEvent>, b: Unplaced<CommandEvent>) => boolean;

const wayOut =
  'guard the change with ctx.patched(), put the old code back, or fork the run before this event';
const hints: Record<DivergenceCause, string> = {
  renamed: `The same kind of call is made here with another name: ${wayOut}`,
  changed_input: `The same call is made here with another input: derive the input from recorded values only, or ${wayOut}`,
  inserted: `A call was added here: ${wayOut}`,
  removed: `The recorded call is not made here any more: ${wayOut}`,
  moved: `The calls are made in another order: ${wayOut}`,
  renumbered: `The same call is made here, but something that leaves no event, such as a condition that held at once, was added or removed before it: ${wayOut}`,
  different: `Another call is made here than was recorded: ${wayOut}`,
  different_end: `The workflow ends otherwise than was recorded: ${wayOut}`,
};
const markerHint = (changeId: string): string =>
  `The run has gone the new way of change '${changeId}': ask for it with ctx.patched(), or with ctx.deprecatePatch() until no such run is open`;

function hintFor(
  cause: DivergenceCause,
  expected: CommandEvent | undefined,
  ended: CodeEnd | undefined,
): string {
  if (ended?.error) {
    const { name, message, at } = ended.error;
    const where = at === undefined ? '' : ` (${firstLine(at)})`;
    return `The code throws ${name}: ${message.slice(0, 400)}${where}, which is the likely cause: mend that, or ${wayOut}`;
  }
  if (ended?.how === 'waits_outside') return outsideHint;
  if (expected?.type === 'VersionMarkerRecorded') return markerHint(expected.changeId);
  if (cause === 'removed' && ended) return removedHints[ended.how];
  return hints[cause];
}

const outsideHint =
  'The code waits for something that is not durable, such as fetch, setTimeout or a promise of its own: do such work in an activity or a ctx.step, or wait with ctx';
const removedHints: Record<CodeEnd['how'], string> = {
  threw: hints.removed,
  returned: `The code returns before the recorded call: ${wayOut}`,
  waits: `The recorded call is not made here any more: the code waits for something else, which may not be durable (fetch, setTimeout): ${wayOut}`,
  waits_outside: outsideHint,
};

/** `code`: how it ended; `ended`: what the run came to by it. */
export function endDivergence(recorded: RunEvent, ended: string, code: CodeEnd): DivergenceReport {
  const { error } = code;
  const name = error && `${error.name}: ${error.message}`;
  return {
    seq: recorded.seq,
    expected: { seq: recorded.seq, type: recorded.type },
    produced: { type: ended, ...(name !== undefined && { name }) },
    differs: [],
    callSites: {},
    lastMatching: [],
    cause: 'different_end',
    ended: code,
    hint: hintFor('different_end', undefined, code),
  };
}

export function divergenceMessage(workflowType: string, report: DivergenceReport): string {
  const show = (command: CommandSummary | null): string =>
    command
      ? [command.type, command.name, command.id && `(${command.id})`].filter(Boolean).join(' ')
      : 'nothing';
  const at = (site: string | undefined): string => (site === undefined ? '' : ` (${firstLine(site)})`);
  const { seq, expected, produced, callSites, nearest, hint } = report;
  const elsewhere = nearest ? `, which history has at event ${nearest.seq ?? 0}` : '';
  return `Workflow '${workflowType}' does not match its history at event ${seq}: history has ${show(expected)}${at(callSites.expected)}, code asks for ${show(produced)}${at(callSites.produced)}${elsewhere}. ${hint}.`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
