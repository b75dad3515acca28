import type { HistoryEvent, WaitingFor, WorkflowDescription } from '@perdure/core';
import { cleanLine } from './clean.js';
import { inShort } from './json.js';

/** What an open run waits for, in words. */
export function waitingWords(waits: readonly WaitingFor[]): string {
  return waits.map(waitWords).join(', ');
}

function waitWords(wait: WaitingFor): string {
  switch (wait.kind) {
    case 'activity':
      return `activity ${wait.name}`;
    case 'timer':
      return `timer until ${wait.dueAt.toISOString()}`;
    case 'signal':
      return `signal ${wait.name}`;
    case 'condition':
      return wait.dueAt ? `condition until ${wait.dueAt.toISOString()}` : 'condition';
    case 'child':
      return `child ${wait.workflowId}`;
    case 'worker':
      return `worker of ${wait.taskQueue}${wait.buildId === undefined ? '' : ` with build ${wait.buildId}`}`;
  }
}

/** One run, a line for each thing that there is to say about it. */
export function* describe(run: WorkflowDescription): Iterable<readonly [string, string]> {
  yield ['workflow', run.workflowId];
  yield ['run', `${run.runId} (${run.runNumber} of ${run.runCount})`];
  yield ['type', run.workflowType];
  yield ['status', run.status];
  yield ['queue', run.taskQueue];
  yield ['started', run.startedAt.toISOString()];
  if (run.closedAt) yield ['closed', run.closedAt.toISOString()];
  else yield ['last progress', run.lastProgressAt.toISOString()];
  if (run.closedReason !== undefined) yield ['reason', run.closedReason];
  yield ['input', inShort(run.input)];
  if (run.output !== undefined) yield ['output', inShort(run.output, 1_000)];
  if (run.failure) yield ['failure', `${run.failure.name}: ${run.failure.message}`];
  if (run.state !== undefined) yield ['state', inShort(run.state, 1_000)];
  if (run.waitingFor.length > 0) yield ['waiting for', waitingWords(run.waitingFor)];
  for (const { activityType, state, attempt, lastFailure } of run.pendingActivities) {
    const failure = lastFailure === undefined ? '' : `, last ${lastFailure.name}: ${lastFailure.message}`;
    yield ['activity', `${activityType}, ${state}, attempt ${attempt}${failure}`];
  }
  for (const child of run.pendingChildren) yield ['child', `${child.workflowType} ${child.workflowId}`];
  if (run.parent) yield ['parent', run.parent.workflowId];
  if (run.origin) yield ['from', `${run.origin.workflowId}, event ${run.origin.seq}`];
  if (run.blocked) yield ['blocked', `${run.blocked.code}: ${run.blocked.message}`];
  yield ['history', `${run.historyLength} events, ${run.historyBytes} bytes`];
}

/** One event on a line: number, time, type, what it carries. */
export function eventRow({ seq, at, type, attributes }: HistoryEvent): readonly string[] {
  const about = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${inShort(value)}`);
  return [String(seq), at.toISOString(), type, cleanLine(about.join(' '))];
}
