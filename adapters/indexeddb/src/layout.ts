import type { EpochMs, RunId, RunRecord, Seq, TaskId, TaskRecord } from '@perdure/core/storage';

/**
 * How a run is packed. IndexedDB charges by the put, so a commit of a run that is being worked on adds one record, and
 * reads none: see the README.
 */

/** The fat record of a run, under its id in `live`: everything but sealed events, as of the start of its journal. */
export interface Base extends RunRecord {
  /** `start` is empty here, and in a chunk of its own. */
  readonly startApart: boolean;
  /** Tasks kept inside this record: those whose id is the run's or begins with it and a slash, up to a limit. */
  readonly tasks: readonly TaskRecord[];
  /** How many `Spill` records have this run for a home. */
  readonly spilled: number;
  /** Whether a task of this run was ever put that has another home. */
  readonly strays: boolean;
  /** No message at or below this position will ever be given out. */
  readonly floor: number;
  /** The newest events, not yet in a chunk, and how many they are. */
  readonly tail: string;
  readonly tailCount: number;
  /** The journal that is open on this record, or empty. */
  readonly era: string;
  readonly marks: readonly string[];
}

/** A task that is not inside the record of a run, under `[home, taskId]` in `live`. */
export interface Spill {
  readonly task: TaskRecord;
  readonly marks: readonly string[];
  /** The task's run, where that is not the home that its id begins with. */
  readonly stray?: RunId;
}

export type Live = Base | Spill | Ghost;

/** What is known of a run that is not there: somebody put a task or a message for it. Under its id in `live`. */
export interface Ghost {
  readonly spilled: number;
  readonly strays: boolean;
  readonly messages: boolean;
}

/**
 * One commit of a run in its journal: the columns as they are after it, and its events. Added, never replaced, so that
 * of two who continue the same state the second fails. Null is a blocker: it bars the place to a handle that does not
 * know yet that others have changed the run.
 *
 * Steps and chunks are stored with their keys outside. A key inside makes Chromium read the record it has just
 * serialised once more, to find the key: half as much again for each.
 */
export type Step = StepColumns | null;
export interface StepColumns extends Pick<Base, 'seq' | 'historyBytes' | 'version' | 'progressAt' | 'body'> {
  /** A number stands for the task at that place in the run's record. */
  readonly tasks: readonly (TaskRecord | number)[];
  readonly events: string;
  readonly count: number;
}

/** Sealed events, up to and including `last`, or the `start` of a run (`last` 0). */
export interface Chunk {
  readonly last: Seq;
  readonly text: string;
}

/** Events in a chunk, and characters; whichever comes first. */
export const chunkEvents = 128;
export const chunkChars = 65_536;
/** A tail is sealed when it has this many events or characters: it is written again with each change of the record. */
export const tailEvents = 100;
export const tailChars = 8_192;
/** A journal is folded after this many steps or characters. Its owner keeps them in memory until then. */
export const journalSteps = 200;
export const journalChars = 65_536;
/** A larger `start` is kept apart. */
export const startChars = 1_024;
/** Tasks inside a record: how many, and characters of their bodies. */
export const inlineTasks = 16;
export const inlineChars = 8_192;

/** The run whose record a task may be kept in, by the task's id alone. */
export function homeOf(taskId: TaskId): RunId {
  const slash = taskId.indexOf('/');
  const home: string = slash < 0 ? taskId : taskId.slice(0, slash);
  return home;
}

export function isBase(value: Live): value is Base {
  return 'tasks' in value;
}
export function isGhost(value: Live): value is Ghost {
  return 'messages' in value;
}
export function isSpill(value: Live): value is Spill {
  return 'task' in value;
}

/** No string of the port holds U+0000, so it separates events, and the parts of keys, without escapes. */
export function joinEvents(tail: string, count: number, events: readonly string[]): string {
  const text = events.join('\0');
  if (count === 0) return text;
  return events.length === 0 ? tail : `${tail}\0${text}`;
}
export function splitEvents(text: string, count: number): readonly string[] {
  return count === 0 ? [] : text.split('\0');
}

/** Fourteen digits hold every moment and every seq, and sort as the numbers do. */
export function digits(value: EpochMs): string {
  return value.toString(16).padStart(14, '0');
}

export function stepKey(runId: RunId, era: string, step: number): string {
  return `${runId}\0${era}\0${digits(step)}`;
}
export function stepsOf(runId: RunId, era: string): IDBKeyRange {
  return IDBKeyRange.bound(`${runId}\0${era}\0`, `${runId}\0${era}\u0001`, false, true);
}

export function chunkKey(runId: RunId, last: Seq): string {
  return `${runId}\0${digits(last)}`;
}
export function startKey(runId: RunId): string {
  return `${runId}\0s`;
}
/** Everything of a run in `steps` or `chunks`. */
export function allOf(runId: RunId): IDBKeyRange {
  return IDBKeyRange.bound(`${runId}\0`, `${runId}\u0001`, false, true);
}
/** Arrays sort behind strings, so `[runId, []]` is behind every `[runId, taskId]`. */
export function under(first: string): IDBKeyRange {
  return IDBKeyRange.bound([first], [first, []]);
}

/** A run's columns after a step; `stored` are the tasks of its record. */
export function afterStep(base: Base, stored: readonly TaskRecord[], step: StepColumns): Base {
  const { events, count, tasks, ...columns } = step;
  return {
    ...base,
    ...columns,
    tasks: tasks.flatMap((task) => (typeof task === 'number' ? (stored[task] ?? []) : task)),
    tail: count === 0 ? base.tail : joinEvents(base.tail, base.tailCount, [events]),
    tailCount: base.tailCount + count,
  };
}

/** The port's record of a run. */
export function runRecord(base: Base, start = base.start): RunRecord {
  return {
    namespace: base.namespace,
    runId: base.runId,
    workflowId: base.workflowId,
    runNumber: base.runNumber,
    workflowType: base.workflowType,
    taskQueue: base.taskQueue,
    startedAt: base.startedAt,
    start,
    attributes: base.attributes,
    archivedAt: base.archivedAt,
    status: base.status,
    isCurrent: base.isCurrent,
    buildId: base.buildId,
    closedAt: base.closedAt,
    progressAt: base.progressAt,
    body: base.body,
    seq: base.seq,
    historyBytes: base.historyBytes,
    version: base.version,
  };
}
