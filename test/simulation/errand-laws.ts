import type { Write } from '@perdure/core/storage';
import type { Message } from './run-laws.js';
import type { SeenRun } from './seen.js';

interface Child {
  readonly workflowId: string;
  readonly policy: string;
}

/** The end of a run that children are concerned by is written with the errand that sees to them. */
export function judgeLeft(run: SeenRun, writes: readonly Write[], blame: (what: string) => void): void {
  if (run.events.at(-1)?.type === 'WorkflowContinuedAsNew' || leftBy(run).length === 0) return;
  const cared = writes.some((write) => write.kind === 'put-task' && write.task.kind === 'outbox');
  if (!cared) blame(`G9 ${run.runId} ends, has children, and nobody is to see to them`);
}

/** What the end of a run means for its children is so once that errand is done. */
export function judgeSeenTo(
  run: SeenRun,
  runs: Iterable<SeenRun>,
  inbox: (runId: string) => readonly Message[],
  blame: (what: string) => void,
): void {
  const left = new Map(leftBy(run).map((child) => [child.workflowId, child]));
  for (const child of runs) {
    const policy = child.closed ? undefined : left.get(child.workflowId)?.policy;
    const asked =
      child.recorded.has('CancelRequested') || inbox(child.runId).some(({ kind }) => kind === 'cancel');
    if (policy === 'terminate' || (policy === 'request_cancel' && !asked))
      blame(`G9 ${run.runId} has ended, and its child ${child.runId} goes on (${policy})`);
  }
}

/** The children that the end of a run concerns: begun, by it or by a run before it, and not heard the end of. */
function leftBy({ events }: SeenRun): readonly Child[] {
  const own = new Map<string, Child>();
  for (const { type, childId = '', workflowId = '', parentClosePolicy = '' } of events) {
    if (type === 'ChildWorkflowScheduled') own.set(childId, { workflowId, policy: parentClosePolicy });
    else if (/^ChildWorkflow(StartFailed|Completed|Failed|Cancelled|Terminated|TimedOut)$/.test(type))
      own.delete(childId);
  }
  const [{ children = [] } = {}] = events;
  return [...children, ...own.values()].filter(({ policy }) => policy !== 'abandon');
}
