import type { ParentRef, WorkflowStarted } from '../model/events.js';
import type { RunId, Seq, WorkflowId } from '../model/ids.js';

/** Who a run is to its own code. */
export interface Identity {
  readonly workflowId: WorkflowId;
  readonly runId: RunId;
  readonly parent?: ParentRef;
}

/**
 * In the part of its history that was copied from another run, a run is to its code who that one was: what the code then
 * made of its ids is in the history. From there on it is itself. `head`: the newest event, recorded or new; what comes next is made of the ids.
 */
export function identityAt(started: WorkflowStarted, head: Seq): Identity {
  let identity: Identity = started;
  for (let { origin } = started; origin && head < origin.seq; { origin } = origin) identity = origin;
  return identity;
}
