import { isForced, type SeenEvent, type SeenRun } from './seen.js';
import type { Witness } from './witness.js';

/** What holds along the runs that follow each other: continued as new, or tried again. */
export function judgeChains(witness: Witness): void {
  judgeUpdates(witness);
  for (const run of witness.runs.values()) {
    const { runId, events } = run;
    const [started] = events as [SeenEvent];
    const last = events.at(-1) as SeenEvent;
    judgeAttempts(witness, run, started, last);
    if (last.newRunId === undefined) continue;
    const next = witness.runs.get(last.newRunId);
    if (!next) {
      witness.blame(`G9 ${runId} goes on as ${last.newRunId}, which is no run`);
      continue;
    }
    if (run.recorded.has('CancelRequested') && !isAsked(witness, next))
      witness.blame(`§4 ${runId} was asked to cancel, and ${next.runId}, which goes on from it, was not`);
    judgeNext(witness, run, next);
  }
}

/** Whether it has heard that it is to cancel, or whoever goes on from it before it could. */
function isAsked(witness: Witness, run: SeenRun): boolean {
  const next = witness.runs.get(run.events.at(-1)?.newRunId ?? '');
  return (
    run.recorded.has('CancelRequested') || isForced(run) || (next !== undefined && isAsked(witness, next))
  );
}

/** Handled again in the next run only where it was not done in this one. */
function judgeUpdates(witness: Witness): void {
  const ended = new Set<string>();
  for (const run of witness.runs.values()) {
    for (const { type, updateId = '' } of run.events) {
      const update = `${run.workflowId} ${updateId}`;
      if (type === 'UpdateAccepted' && ended.has(update))
        witness.blame(`G5 update ${updateId} is accepted again by ${run.workflowId}, and was done`);
      if (type === 'UpdateCompleted' || type === 'UpdateFailed') ended.add(update);
    }
  }
}

/** As many attempts as the policy says, and none of what was asked to cancel. */
function judgeAttempts(
  witness: Witness,
  { runId, recorded }: SeenRun,
  { retry, attempt = 1, executionDeadline }: SeenEvent,
  { type, timeout, newRunId }: SeenEvent,
): void {
  const failed = type === 'WorkflowFailed' || (type === 'WorkflowTimedOut' && timeout === 'run');
  const again = failed && newRunId !== undefined;
  const allowed =
    failed && retry !== undefined && attempt < retry.maximumAttempts && !recorded.has('CancelRequested');
  if (again && !allowed)
    witness.blame(`C1 ${runId} is tried again after attempt ${attempt}, and must not be`);
  if (allowed && !again && executionDeadline === undefined)
    witness.blame(`C1 ${runId} is not tried again after attempt ${attempt}, and has to be`);
}

/** What the next run has of the one before. */
function judgeNext(witness: Witness, { runId, events }: SeenRun, { events: [next] }: SeenRun): void {
  const [started] = events as [SeenEvent];
  const last = events.at(-1) as SeenEvent;
  if (!next) return;
  const again = last.type !== 'WorkflowContinuedAsNew';
  const differ = (what: string): void => {
    witness.blame(`G9 the run that goes on from ${runId} has another ${what}`);
  };
  if (next.attempt !== (again ? (started.attempt ?? 1) + 1 : 1)) differ('attempt');
  if (next.executionDeadline !== started.executionDeadline) differ('execution deadline');
  if (!same(next.input?.data, (again ? started : last).input?.data)) differ('input');
  if (!same(next.memo?.data, shownAfter(events, 'MemoUpserted', started.memo?.data))) differ('memo');
  if (!same(next.searchAttributes?.data, shownAfter(events, attributesSet, started.searchAttributes?.data)))
    differ('set of search attributes');
}

const attributesSet = 'SearchAttributesUpserted';

/** What a run shows after all that it has set. */
export function shownAfter(
  events: readonly SeenEvent[],
  type: 'MemoUpserted' | typeof attributesSet,
  before: unknown,
): object {
  return Object.assign(
    { ...(before as object | undefined) },
    ...events.flatMap((event) => (event.type === type ? [event.values?.data] : [])),
  ) as object;
}

/** Also where one is left out for being empty. */
function same(one: unknown, other: unknown): boolean {
  return sorted(one) === sorted(other);
}

function sorted(value: unknown): string {
  return JSON.stringify(Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
}
