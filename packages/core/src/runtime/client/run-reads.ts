import { isCloseEvent, type RunEvent } from '../../model/events.js';
import type { RunId, Seq, WorkflowId } from '../../model/ids.js';
import type { HistoryEvent, ListFilter, WorkflowDescription } from './description.js';

/** A run that somebody means: a certain one, the one that goes on in its place now, or the current run of a workflow id. */
export interface RunTarget {
  readonly workflowId: WorkflowId;
  readonly runId?: RunId | undefined;
  /** The newest run of the chain that this one began, by continue-as-new and retries, is meant. */
  readonly follow?: true | undefined;
}

/**
 * What can be read of runs, decoded: what handles, lists and the observables are made of. Each read sees what was
 * committed before it began.
 * All reject with `EngineClosedError` once the client is closed, and with `StorageError` where the store cannot answer.
 */
export interface RunReads {
  /** Rejects with `WorkflowNotFoundError` for an unknown run. */
  describe(runId: RunId): Promise<WorkflowDescription>;
  /** Events with `fromSeq <= seq`, in order, at most `limit`. Empty past the end. */
  events(runId: RunId, fromSeq: Seq, limit: number): Promise<readonly HistoryEvent[]>;
  /** What a closed run gave: its output, or throws the typed error. Ask only where `statusBucket` is not `running`. */
  result(description: WorkflowDescription): unknown;
  /** Rejects with `QueryRejectedError`. */
  query(runId: RunId, name: string, argument: unknown): Promise<unknown>;
  /** The first page. Rejects with `InvalidArgumentError` for a filter that is not valid. */
  list(filter: ListFilter): Promise<readonly WorkflowDescription[]>;
  count(filter: ListFilter): Promise<number>;
}

/** Whether this is the last event of its run. */
export function isClosing(event: HistoryEvent): boolean {
  return isCloseEvent({ type: event.type } as RunEvent);
}
