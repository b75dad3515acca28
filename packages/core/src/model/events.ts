import type { FailureRecord } from './failure.js';
import type { RunId, Seq, WorkflowId } from './ids.js';
import type { Payload } from './payload.js';
import type { FrozenRetryPolicy } from './retry.js';
import type { AttributeMisfit } from './search-attributes.js';
import type { EpochMs } from './time.js';

/**
 * The facts of a run. History alternates: one **input** (what the world did), then the **commands** that the
 * workflow's code answered with, in the order it asked for them, then the next input. A run is a function of this list.
 * Adding a type or a required attribute is a change that old histories must survive: upcast in `codec/`.
 */
export type RunEvent = InputEvent | CommandEvent | CloseEvent;
export type EventType = RunEvent['type'];

interface EventBase<Type extends string> {
  readonly seq: Seq;
  readonly type: Type;
  readonly at: EpochMs;
}

// ── inputs ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export type InputEvent =
  | WorkflowStarted
  | ActivityCompleted
  | ActivityFailed
  | ActivityTimedOut
  | ActivityCancelled
  | TimerFired
  | SignalReceived
  | UpdateAccepted
  | CancelRequested
  | ChildOutcome
  | RequestOutcome;

export interface ParentRef {
  readonly workflowId: WorkflowId;
  readonly runId: RunId;
  /** The parent's name for this child. */
  readonly childId: string;
  /** How many generations the child is below a run that has no parent. Absent: 1. */
  readonly depth?: number;
}

/** What becomes of an open child when its parent ends. */
export type ParentClosePolicy = 'abandon' | 'request_cancel' | 'terminate';

/** A child that the end of its parent concerns. */
export interface ChildRef {
  readonly workflowId: WorkflowId;
  readonly policy: ParentClosePolicy;
}

/** The run that another one began with a copy of. */
export interface RunOrigin {
  readonly workflowId: WorkflowId;
  readonly runId: RunId;
  /** Events up to and including this one were copied; but for ids and deadlines in the first, they are the same. */
  readonly seq: Seq;
  /** When they were copied: what the code does behind them, it does after that. */
  readonly at?: EpochMs;
  readonly reason?: string;
  /** The parent of that run: this one has none. */
  readonly parent?: ParentRef;
  /** Where that history was copied from. */
  readonly origin?: RunOrigin;
}

export interface WorkflowStarted extends EventBase<'WorkflowStarted'> {
  readonly workflowType: string;
  readonly workflowId: WorkflowId;
  readonly runId: RunId;
  readonly taskQueue: string;
  readonly input: Payload;
  readonly runNumber: number;
  readonly attempt: number;
  readonly executionDeadline?: EpochMs;
  readonly runDeadline?: EpochMs;
  readonly priority?: number;
  readonly fairnessKey?: string;
  readonly fairnessWeight?: number;
  readonly parent?: ParentRef;
  /** Time that each run of the chain has. Milliseconds. */
  readonly runTimeout?: number;
  /** When and how often a run that failed or timed out is followed by another attempt. */
  readonly retry?: FrozenRetryPolicy;
  /** The run that this one goes on from: continued as new, or tried again. */
  readonly continuedFrom?: RunId;
  /** The first run of the chain that continue-as-new and retries make; absent in that run. */
  readonly firstRunId?: RunId;
  /** Absent where there is none. */
  readonly memo?: Payload;
  readonly searchAttributes?: Payload;
  /** What interceptors sent along, by name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where this history was copied from. */
  readonly origin?: RunOrigin;
  /** What random numbers and uuids are made from, where it is not the run id: a copy must draw what was drawn. */
  readonly seed?: string;
  /** Children that runs before this one in its chain have left open. */
  readonly children?: readonly ChildRef[];
}

export interface ActivityCompleted extends EventBase<'ActivityCompleted'> {
  readonly activityId: string;
  readonly attempt: number;
  readonly result: Payload;
}
export interface ActivityFailed extends EventBase<'ActivityFailed'> {
  readonly activityId: string;
  readonly attempt: number;
  readonly failure: FailureRecord;
}
export type ActivityTimeoutKind = 'start_to_close' | 'schedule_to_start' | 'schedule_to_close' | 'heartbeat';
export interface ActivityTimedOut extends EventBase<'ActivityTimedOut'> {
  readonly activityId: string;
  readonly attempt: number;
  readonly timeout: ActivityTimeoutKind;
  /** The failure of the last attempt that ended by itself, if one did. */
  readonly failure?: FailureRecord;
}
export interface ActivityCancelled extends EventBase<'ActivityCancelled'> {
  readonly activityId: string;
  readonly attempt: number;
  readonly reason?: string;
}
interface TimerFired extends EventBase<'TimerFired'> {
  readonly timerId: string;
}
export interface SignalReceived extends EventBase<'SignalReceived'> {
  readonly name: string;
  readonly messageId: string;
  readonly input: Payload;
}
/** An update whose validator let it pass: its handler has been called. A refused one leaves nothing here. */
export interface UpdateAccepted extends EventBase<'UpdateAccepted'> {
  readonly updateId: string;
  readonly name: string;
  readonly input: Payload;
}
export interface CancelRequested extends EventBase<'CancelRequested'> {
  readonly messageId: string;
  readonly reason?: string;
  /** False leaves activities that no worker has claimed in their queue. */
  readonly cancelQueuedActivities: boolean;
}

/** What became of a child, as its parent hears of it. */
export type ChildOutcome =
  | ChildWorkflowStarted
  | ChildWorkflowStartFailed
  | ChildWorkflowCompleted
  | ChildWorkflowFailed
  | ChildWorkflowCancelled
  | ChildWorkflowTerminated
  | ChildWorkflowTimedOut;
interface ChildWorkflowStarted extends EventBase<'ChildWorkflowStarted'> {
  readonly childId: string;
  readonly runId: RunId;
}
/** There is no child: the id was taken, or the call not valid. */
export interface ChildWorkflowStartFailed extends EventBase<'ChildWorkflowStartFailed'> {
  readonly childId: string;
  readonly failure: FailureRecord;
}
interface ChildWorkflowCompleted extends EventBase<'ChildWorkflowCompleted'> {
  readonly childId: string;
  readonly runId: RunId;
  readonly result: Payload;
}
export interface ChildWorkflowFailed extends EventBase<'ChildWorkflowFailed'> {
  readonly childId: string;
  readonly runId: RunId;
  readonly failure: FailureRecord;
}
export interface ChildWorkflowCancelled extends EventBase<'ChildWorkflowCancelled'> {
  readonly childId: string;
  readonly runId: RunId;
  readonly reason?: string;
}
export interface ChildWorkflowTerminated extends EventBase<'ChildWorkflowTerminated'> {
  readonly childId: string;
  readonly runId: RunId;
  readonly reason?: string;
}
export interface ChildWorkflowTimedOut extends EventBase<'ChildWorkflowTimedOut'> {
  readonly childId: string;
  readonly runId: RunId;
  readonly timeout: 'run' | 'execution';
}

/** What became of a signal or cancel request to another workflow. */
export type RequestOutcome = ExternalRequestCompleted | ExternalRequestFailed;
interface ExternalRequestCompleted extends EventBase<'ExternalRequestCompleted'> {
  readonly requestId: string;
}
interface ExternalRequestFailed extends EventBase<'ExternalRequestFailed'> {
  readonly requestId: string;
  readonly failure: FailureRecord;
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────

export type CommandEvent =
  | ActivityScheduled
  | ActivityCancelRequested
  | TimerStarted
  | TimerCancelled
  | SignalWaitOpened
  | ConditionWaitOpened
  | ConditionSatisfied
  | SideEffectRecorded
  | VersionMarkerRecorded
  | SearchAttributesUpserted
  | MemoUpserted
  | UpdateCompleted
  | UpdateFailed
  | OutsideCommand;

/** What an activity may cost in time, frozen when it is scheduled. Milliseconds. */
export interface ActivityTimeouts {
  readonly startToClose?: number;
  readonly scheduleToStart?: number;
  readonly scheduleToClose?: number;
  readonly heartbeat?: number;
}
export const noTimeouts: ActivityTimeouts = Object.freeze({});

export interface ActivityScheduled extends EventBase<'ActivityScheduled'> {
  readonly activityId: string;
  readonly activityType: string;
  readonly input: Payload;
  readonly taskQueue: string;
  readonly retry: FrozenRetryPolicy;
  readonly timeouts: ActivityTimeouts;
  readonly priority: number;
  readonly fairnessKey: string;
  readonly fairnessWeight: number;
  readonly summary?: string;
  /** Begun only where the platform says that there is a network. */
  readonly requires?: 'online';
  /** A `ctx.step`: its code is a closure of the workflow, so only a worker that holds the run can run it. */
  readonly inline?: true;
}
export interface ActivityCancelRequested extends EventBase<'ActivityCancelRequested'> {
  readonly activityId: string;
  readonly reason?: string;
  /** A task that no worker has claimed stays in its queue: the run was asked to cancel that way. */
  readonly keepQueued?: true;
}
/** Commands whose effect is on another run: done after the commit, in their order. */
export type OutsideCommand =
  ChildWorkflowScheduled | ChildWorkflowCancelRequested | ExternalSignalRequested | ExternalCancelRequested;
export interface ChildWorkflowScheduled extends EventBase<'ChildWorkflowScheduled'> {
  readonly childId: string;
  readonly workflowType: string;
  readonly workflowId: WorkflowId;
  readonly input: Payload;
  readonly taskQueue: string;
  readonly parentClosePolicy: ParentClosePolicy;
  /** Milliseconds. */
  readonly executionTimeout?: number;
  /** Milliseconds. */
  readonly runTimeout?: number;
  readonly retry?: FrozenRetryPolicy;
  readonly memo?: Payload;
  readonly searchAttributes?: Payload;
  readonly priority: number;
  readonly fairnessKey: string;
  readonly fairnessWeight: number;
}
export interface ChildWorkflowCancelRequested extends EventBase<'ChildWorkflowCancelRequested'> {
  readonly childId: string;
  readonly workflowId: WorkflowId;
  readonly reason?: string;
}
export interface ExternalSignalRequested extends EventBase<'ExternalSignalRequested'> {
  readonly requestId: string;
  readonly workflowId: WorkflowId;
  readonly runId?: RunId;
  /** The signal is for this child. */
  readonly childId?: string;
  readonly name: string;
  readonly input: Payload;
}
export interface ExternalCancelRequested extends EventBase<'ExternalCancelRequested'> {
  readonly requestId: string;
  readonly workflowId: WorkflowId;
  readonly runId?: RunId;
  readonly reason?: string;
}
export type TimerPurpose = 'sleep' | 'condition' | 'signal' | 'scope';
export interface TimerStarted extends EventBase<'TimerStarted'> {
  readonly timerId: string;
  readonly dueAt: EpochMs;
  readonly purpose: TimerPurpose;
}
interface TimerCancelled extends EventBase<'TimerCancelled'> {
  readonly timerId: string;
}
interface SignalWaitOpened extends EventBase<'SignalWaitOpened'> {
  readonly waitId: string;
  readonly name: string;
}
interface ConditionWaitOpened extends EventBase<'ConditionWaitOpened'> {
  readonly waitId: string;
}
interface ConditionSatisfied extends EventBase<'ConditionSatisfied'> {
  readonly waitId: string;
}
/** What the function returned, or else what it threw. */
export interface SideEffectRecorded extends EventBase<'SideEffectRecorded'> {
  readonly value?: Payload;
  readonly failure?: FailureRecord;
}
/** Values by name; null removes one. */
export interface SearchAttributesUpserted extends EventBase<'SearchAttributesUpserted'> {
  readonly values: Payload;
  /** Nothing was set, because the namespace has registered this one with another type. The code was told. */
  readonly refused?: AttributeMisfit;
}
/** Values by name; null removes one. */
export interface MemoUpserted extends EventBase<'MemoUpserted'> {
  readonly values: Payload;
}
/** Which version of a change this run goes by from here to its end. */
export interface VersionMarkerRecorded extends EventBase<'VersionMarkerRecorded'> {
  readonly changeId: string;
  readonly version: number;
  /** Written by `deprecatePatch`: code that no longer asks for it replays all the same. */
  readonly deprecated?: true;
}

export interface UpdateCompleted extends EventBase<'UpdateCompleted'> {
  readonly updateId: string;
  readonly result: Payload;
}
export interface UpdateFailed extends EventBase<'UpdateFailed'> {
  readonly updateId: string;
  readonly failure: FailureRecord;
}

// ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type CloseEvent =
  | WorkflowCompleted
  | WorkflowFailed
  | WorkflowCancelled
  | WorkflowTerminated
  | WorkflowTimedOut
  | WorkflowContinuedAsNew;

interface WorkflowCompleted extends EventBase<'WorkflowCompleted'> {
  readonly result: Payload;
}
interface WorkflowFailed extends EventBase<'WorkflowFailed'> {
  readonly failure: FailureRecord;
  /** The next attempt, where the retry policy allows one. */
  readonly newRunId?: RunId;
}
interface WorkflowCancelled extends EventBase<'WorkflowCancelled'> {
  readonly reason?: string;
}
interface WorkflowTerminated extends EventBase<'WorkflowTerminated'> {
  readonly reason?: string;
}
interface WorkflowTimedOut extends EventBase<'WorkflowTimedOut'> {
  readonly timeout: 'run' | 'execution';
  /** The next attempt, where the retry policy allows one. */
  readonly newRunId?: RunId;
}
interface WorkflowContinuedAsNew extends EventBase<'WorkflowContinuedAsNew'> {
  readonly newRunId: RunId;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly input: Payload;
}

const roles: Record<EventType, 'input' | 'command' | 'close'> = {
  WorkflowStarted: 'input',
  ActivityCompleted: 'input',
  ActivityFailed: 'input',
  ActivityTimedOut: 'input',
  ActivityCancelled: 'input',
  TimerFired: 'input',
  SignalReceived: 'input',
  UpdateAccepted: 'input',
  CancelRequested: 'input',
  ChildWorkflowStarted: 'input',
  ChildWorkflowStartFailed: 'input',
  ChildWorkflowCompleted: 'input',
  ChildWorkflowFailed: 'input',
  ChildWorkflowCancelled: 'input',
  ChildWorkflowTerminated: 'input',
  ChildWorkflowTimedOut: 'input',
  ExternalRequestCompleted: 'input',
  ExternalRequestFailed: 'input',
  ChildWorkflowScheduled: 'command',
  ChildWorkflowCancelRequested: 'command',
  ExternalSignalRequested: 'command',
  ExternalCancelRequested: 'command',
  ActivityScheduled: 'command',
  ActivityCancelRequested: 'command',
  TimerStarted: 'command',
  TimerCancelled: 'command',
  SignalWaitOpened: 'command',
  ConditionWaitOpened: 'command',
  ConditionSatisfied: 'command',
  SideEffectRecorded: 'command',
  VersionMarkerRecorded: 'command',
  SearchAttributesUpserted: 'command',
  MemoUpserted: 'command',
  UpdateCompleted: 'command',
  UpdateFailed: 'command',
  WorkflowCompleted: 'close',
  WorkflowFailed: 'close',
  WorkflowCancelled: 'close',
  WorkflowTerminated: 'close',
  WorkflowTimedOut: 'close',
  WorkflowContinuedAsNew: 'close',
};

export function eventTypes(): readonly EventType[] {
  return Object.keys(roles) as EventType[];
}
export function isKnownEventType(type: string): type is EventType {
  return Object.hasOwn(roles, type);
}
export function isInputEvent(event: RunEvent): event is InputEvent {
  return roles[event.type] === 'input';
}
export function isCommandEvent(event: RunEvent): event is CommandEvent {
  return roles[event.type] === 'command';
}
const outside: ReadonlySet<string> = new Set<OutsideCommand['type']>([
  'ChildWorkflowScheduled',
  'ChildWorkflowCancelRequested',
  'ExternalSignalRequested',
  'ExternalCancelRequested',
]);
export function isOutsideCommand(event: RunEvent): event is OutsideCommand {
  return outside.has(event.type);
}
export function isCloseEvent(event: RunEvent): event is CloseEvent {
  return roles[event.type] === 'close';
}

/** Whether a run was ended whatever its code was about: by force, by a deadline, by a limit. */
export function isForcedEnd(event: CloseEvent): boolean {
  return (
    event.type === 'WorkflowTerminated' ||
    event.type === 'WorkflowTimedOut' ||
    (event.type === 'WorkflowFailed' && event.failure.code === 'structural_limit')
  );
}

/** Ends that do not depend on what the code did. */
export function endsFromOutside(event: RunEvent): boolean {
  return event.type === 'WorkflowCancelled' || (isCloseEvent(event) && isForcedEnd(event));
}

/** An event before it has its place: what the committer numbers. Distributes over the union. */
export type Unplaced<E extends RunEvent> = E extends RunEvent ? Omit<E, 'seq' | 'at'> : never;
