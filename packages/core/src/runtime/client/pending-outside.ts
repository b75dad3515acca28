import { InvalidArgumentError } from '../../model/errors.js';
import { isOutsideCommand, type OutsideCommand, type RunEvent } from '../../model/events.js';

const childEnds: ReadonlySet<string> = new Set<RunEvent['type']>([
  'ChildWorkflowStartFailed',
  'ChildWorkflowCompleted',
  'ChildWorkflowFailed',
  'ChildWorkflowCancelled',
  'ChildWorkflowTerminated',
  'ChildWorkflowTimedOut',
]);

/** What a run has asked of other runs and not heard the end of, in order: children, signals and cancel requests. */
function pendingOutside(events: readonly RunEvent[]): readonly OutsideCommand[] {
  const pending: OutsideCommand[] = [];
  const drop = (isDone: (command: OutsideCommand) => boolean): void => {
    for (let i = pending.length - 1; i >= 0; i--)
      if (isDone(pending[i] as OutsideCommand)) pending.splice(i, 1);
  };
  for (const event of events) {
    if (isOutsideCommand(event)) pending.push(event);
    if (childEnds.has(event.type) && 'childId' in event)
      drop((one) => isOfChild(one) && one.childId === event.childId);
    else if (event.type === 'ExternalRequestCompleted' || event.type === 'ExternalRequestFailed')
      drop((one) => 'requestId' in one && one.requestId === event.requestId);
  }
  return pending;
}

function isOfChild(
  command: OutsideCommand,
): command is Extract<
  OutsideCommand,
  { readonly type: 'ChildWorkflowScheduled' | 'ChildWorkflowCancelRequested' }
> {
  return command.type === 'ChildWorkflowScheduled' || command.type === 'ChildWorkflowCancelRequested';
}

/** Those that are still to be done, or may be: a child that has started is on its way. */
export function undoneOutside(events: readonly RunEvent[]): readonly OutsideCommand[] {
  const started = new Set(
    events.flatMap((event) => (event.type === 'ChildWorkflowStarted' ? [event.childId] : [])),
  );
  return pendingOutside(events).filter(
    (command) => command.type !== 'ChildWorkflowScheduled' || !started.has(command.childId),
  );
}

/**
 * Throws `InvalidArgumentError` where a copy of these events would wait for what another run asked for: the answer goes to
 * that run, and asking again would do it twice.
 */
export function refuseOutside(events: readonly RunEvent[], what: string, path: string): void {
  const [first] = pendingOutside(events);
  if (!first) return;
  const asked = isOfChild(first)
    ? `child workflow '${first.workflowId}'`
    : `its request to workflow '${first.workflowId}'`;
  throw new InvalidArgumentError(what, [
    {
      path,
      message: `is where the run waits for ${asked}, which is of the original only: choose an event before ${first.seq}, or after the answer`,
    },
  ]);
}
