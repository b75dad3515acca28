import type { RunId, WorkflowId } from '../../model/ids.js';

/**
 * Unique names in a store, each within its namespace. A caller's own id comes last, so no two kinds can meet.
 *
 * - `workflow:<workflow id>` → run id: the current run. Moved by the start of the next run of the chain; belongs to the
 *   run that it names.
 * - `request:<request id>` → run id: the start that this request made. Belongs to that run, whatever follows it.
 * - `signal:<chain>:<signal id>` → `1`: a signal with an id of the caller's was accepted, applied or not. A chain is the
 *   runs that continue-as-new and retries make, named by the first of them. Keys of a chain belong to `chainOwner`, not to
 *   one of its runs, since they outlive each; whoever purges the last run of a chain purges its owner too.
 * - `update:<chain>:<update id>` → how far an update has come, see `update-record.ts`.
 * - `search-attributes` → `{ name: type }`: those that are registered, see `../search/known-attributes.ts`.
 * - `reply:<uuid>` → the answer to a query, see `query-mail.ts`.
 */
export function workflowKey(workflowId: WorkflowId): string {
  return `workflow:${workflowId}`;
}
export function requestKey(requestId: string): string {
  return `request:${requestId}`;
}
export function signalKey(chain: RunId, signalId: string): string {
  return `signal:${chain}:${signalId}`;
}
export function updateKey(chain: RunId, updateId: string): string {
  return `update:${chain}:${updateId}`;
}
export function chainOwner(chain: RunId): RunId {
  return `chain/${chain}`;
}
