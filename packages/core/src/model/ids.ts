/** Identifiers are plain strings at run time and distinct types at compile time, so that one is never taken for another. */
declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]?: Name };

export type Namespace = Branded<string, 'Namespace'>;
export type WorkflowId = Branded<string, 'WorkflowId'>;
export type RunId = Branded<string, 'RunId'>;
export type TaskId = Branded<string, 'TaskId'>;
export type WorkerId = Branded<string, 'WorkerId'>;
/** Number of an event in its run: 1, 2, 3 … without gaps. 0 stands for "before the first event". */
export type Seq = number;

const idGrammar = /^[A-Za-z0-9._:-]{1,191}$/;

/** Ids that callers choose: letters, digits, `.`, `_`, `-`, `:`; 1 to 191 characters. */
export function isValidId(id: unknown): id is string {
  return typeof id === 'string' && idGrammar.test(id);
}

/** The task that stands for a run: its id is the run's. */
export function runTaskId(runId: RunId): TaskId {
  return runId as string;
}

export function activityTaskId(runId: RunId, activityId: string): TaskId {
  return `${runId}/${activityId}`;
}
