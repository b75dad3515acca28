import type { WaitingFor, WorkflowDescription } from '@perdure/core';
import type { RunRow } from '../source.js';
import { valueText } from '../value-text.js';

export function runRow(run: WorkflowDescription): RunRow {
  return {
    workflowId: run.workflowId,
    runId: run.runId,
    workflowType: run.workflowType,
    status: run.status,
    isOpen: run.statusBucket === 'running',
    startedAt: run.startedAt.toISOString(),
    closedAt: run.closedAt?.toISOString() ?? null,
    about: aboutRun(run),
  };
}

function aboutRun({ blocked, failure, closedReason, waitingFor }: WorkflowDescription): string {
  if (blocked) return `${blocked.code}: ${blocked.message}`;
  if (failure) return `${failure.name}: ${failure.message}`;
  return closedReason ?? waitingFor.map(waitWords).join(', ');
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

/** What there is to say about a run, name by name. */
export function runFields(run: WorkflowDescription): readonly (readonly [string, string])[] {
  const told: readonly (readonly [string, string | undefined])[] = [
    ['Run', `${run.runId} (${run.runNumber} of ${run.runCount})`],
    ['Task queue', run.taskQueue],
    ['Build', run.buildId],
    ['Closed', run.closedAt?.toISOString()],
    ['Last progress', run.lastProgressAt.toISOString()],
    ['Deadline', (run.runDeadline ?? run.executionDeadline)?.toISOString()],
    ['Reason', run.closedReason],
    ['Input', valueText(run.input)],
    ['Output', run.output === undefined ? undefined : valueText(run.output)],
    ['Failure', run.failure && `${run.failure.name}: ${run.failure.message}`],
    ['State', run.state === undefined ? undefined : valueText(run.state)],
    ['Waiting for', run.waitingFor.length > 0 ? run.waitingFor.map(waitWords).join(', ') : undefined],
    ['Children', run.pendingChildren.map((child) => child.workflowId).join(', ') || undefined],
    ['Parent', run.parent?.workflowId],
    ['From', run.origin && `${run.origin.workflowId}, event ${run.origin.seq}`],
    ['Memo', Object.keys(run.memo).length > 0 ? valueText(run.memo) : undefined],
    [
      'Search attributes',
      Object.keys(run.searchAttributes).length > 0 ? valueText(run.searchAttributes) : undefined,
    ],
    ['Blocked', run.blocked && `${run.blocked.code}: ${run.blocked.message}`],
    ['History', `${run.historyLength} events, ${run.historyBytes} bytes`],
  ];
  return told.filter((field): field is readonly [string, string] => field[1] !== undefined);
}
