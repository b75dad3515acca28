import type { SeenEvent, SeenRun } from './seen.js';

type Blame = (what: string) => void;

/** Takes an event in behind those that were seen: history is dense, goes on in time, and tells every fact once (G1, G2, G4, G8). */
export function append(run: SeenRun, event: SeenEvent, blame: Blame): void {
  const before = run.events.at(-1);
  if (event.seq !== run.events.length + 1)
    blame(`G8 event ${event.seq} of ${run.runId} is stored as number ${run.events.length + 1}`);
  if (before && event.at < before.at)
    blame(
      `G8 event ${event.seq} of ${run.runId} (${event.type}, ${event.at}) is older than the one before (${before.type}, ${before.at})`,
    );
  run.events.push(event);
  note(run, event, blame);
}

/** Every fact is recorded once, and none without what it answers. */
function note(run: SeenRun, event: SeenEvent, blame: Blame): void {
  const name = factOf(event);
  if (name !== undefined) {
    if (run.recorded.has(name)) blame(`G1 ${name} is recorded twice in ${run.runId}`);
    run.recorded.add(name);
  }
  const { activityId = '', timerId = '', dueAt = 0 } = event;
  switch (event.type) {
    case 'ActivityScheduled':
      run.activities.set(activityId, event.at + (event.timeouts?.scheduleToClose ?? Infinity));
      return;
    case 'ActivityCompleted':
    case 'ActivityFailed':
    case 'ActivityTimedOut':
    case 'ActivityCancelled':
      if (!run.activities.delete(activityId))
        blame(`G2 ${event.type} of ${activityId} in ${run.runId}, which is not pending`);
      return;
    case 'ActivityCancelRequested':
      run.activities.delete(activityId);
      return;
    case 'ChildWorkflowStartFailed':
      return blame(
        `G6 child ${event.childId ?? ''} of ${run.runId}, whose id is its own, could not be started`,
      );
    case 'TimerStarted':
      run.timers.set(timerId, { dueAt });
      return;
    case 'WorkflowTimedOut': {
      const [{ runDeadline = Infinity, executionDeadline = Infinity } = {}] = run.events;
      const deadline = event.timeout === 'run' ? runDeadline : executionDeadline;
      if (event.at < deadline)
        blame(`G4 ${run.runId} times out (${String(event.timeout)}) ${deadline - event.at} ms early`);
      return;
    }
    case 'TimerCancelled':
      run.timers.delete(timerId);
      return;
    case 'TimerFired': {
      const timer = run.timers.get(timerId);
      run.timers.delete(timerId);
      if (!timer) blame(`G4 ${timerId} of ${run.runId} fires and was not pending`);
      else if (event.at < timer.dueAt)
        blame(`G4 ${timerId} of ${run.runId} fires ${timer.dueAt - event.at} ms early`);
      return;
    }
    default: // answers nothing that is pending
  }
}

/** What may be recorded once in a run. */
function factOf(event: SeenEvent): string | undefined {
  const { type, activityId, childId, requestId } = event;
  if (activityId !== undefined && /Completed|Failed|TimedOut|Cancelled/.test(type))
    return `outcome of ${activityId}`;
  if (type === 'CancelRequested' || type === 'WorkflowStarted') return type;
  const id =
    activityId ?? requestId ?? childId ?? event.timerId ?? event.waitId ?? event.messageId ?? event.updateId;
  return id === undefined ? undefined : `${type} ${id}`;
}
