import type { Finished } from './callers.js';
import { judgeChains, shownAfter } from './chain-laws.js';
import { differenceOf } from './oracle/compare.js';
import type { Ledger } from './ledger.js';
import { partOf, type Input } from './program.js';
import type { Told } from './script.js';
import { isForced, type SeenEvent, type SeenRun } from './seen.js';
import type { Witness } from './witness.js';
import type { Work } from './work.js';

/** What is there once everything should have ended. */
export interface Evidence {
  readonly witness: Witness;
  readonly ledger: Ledger;
  /** What clients were told, and the results that they heard, by workflow. */
  readonly told: readonly Told[];
  readonly finished: readonly Finished[];
  readonly results: ReadonlyMap<number, string>;
  /** Calls of clients that have not been answered. */
  readonly unanswered: number;
  /** No attempt of an activity was begun in vain. */
  readonly exact: boolean;
}

/** Holds the guarantees against a whole simulation that only its end can show. */
export function judge(evidence: Evidence): void {
  const { witness, unanswered } = evidence;
  if (witness.violation !== undefined) return;
  for (const run of witness.runs.values()) {
    if (run.closed) continue;
    const last = run.events.map(({ type }) => type).slice(-5);
    witness.blame(`G7 ${run.runId} of ${run.workflowId} is still open after an hour: … ${last.join(', ')}`);
  }
  if (witness.open === 0 && unanswered > 0)
    witness.blame(`G7 ${unanswered} calls of clients have no answer after an hour`);
  if (witness.open === 0 && witness.errands > 0)
    witness.blame(`G7 ${witness.errands} things that runs asked of others are not done after an hour`);
  if (evidence.ledger.wrong !== undefined) witness.blame(evidence.ledger.wrong);
  judgeAnswers(evidence);
  for (const run of witness.runs.values()) judgeActivities(evidence, run);
  for (const one of evidence.finished) judgeFinished(witness, one);
  for (const run of witness.runs.values()) {
    judgeRequests(witness, run);
    judgeShown(witness, run);
  }
  judgeChains(witness);
  for (const run of witness.runs.values()) {
    const difference = differenceOf(run);
    if (difference !== undefined) witness.blame(`§4 ${run.runId} of ${run.workflowId} ${difference}`);
  }
}

/** What was acknowledged is in the history of its chain; the same id has had the same answer. */
function judgeAnswers({ witness, told, results }: Evidence): void {
  const updates = new Map<string, string>();
  for (const { order, answer } of told) {
    const { id, kind, workflow } = order;
    const runs = runsOf(witness, `w${workflow}`);
    const forced = runs.some(isForced);
    const has = (fact: string): boolean => runs.some(({ recorded }) => recorded.has(fact));
    if (kind === 'signal' || kind === 'bump' || kind === 'begin-bump') {
      if (answer === 'accepted' && !forced && !has(`SignalReceived ${id}`))
        witness.blame(`G3 signal ${id} to w${workflow} was acknowledged and is in no history`);
    } else if ((kind === 'update' || kind === 'begin-update') && answer.startsWith('updated')) {
      const key = `${workflow} ${id}`;
      const before = updates.get(key) ?? answer;
      if (before !== answer) witness.blame(`G5 update ${id} gave ${before}, then ${answer}`);
      if (!has(`UpdateAccepted ${id}`)) witness.blame(`G5 update ${id} was answered and is in no history`);
      updates.set(key, answer);
    }
  }
  for (const [workflow, result] of results) {
    const { taken = [] } = (result.startsWith('{') ? JSON.parse(result) : {}) as { taken?: string[] };
    if (new Set(taken).size < taken.length)
      witness.blame(`G3 w${workflow} took a message twice: ${taken.join(', ')}`);
  }
}

function runsOf(witness: Witness, workflowId: string): SeenRun[] {
  return [...witness.runs.values()].filter((run) => run.workflowId === workflowId);
}

/** Each outcome is of an execution that took place, and of no more of them than the policy allows. */
function judgeActivities({ witness, ledger, exact }: Evidence, { runId, events }: SeenRun): void {
  const scheduled = new Map<string, Work>();
  for (const event of events) {
    const { type, activityId = '' } = event;
    const about = `${activityId} of ${runId}`;
    if (type === 'ActivityScheduled') scheduled.set(activityId, workOf(event, events));
    const work = scheduled.get(activityId);
    if (!work) continue;
    const { begun, failed, succeeded } = ledger.of(`${runId}/${activityId}`) ?? {
      begun: 0,
      failed: 0,
      succeeded: 0,
    };
    if (type === 'ActivityCompleted' && succeeded === 0)
      witness.blame(`G2 ${about} is recorded as completed, and never was`);
    if (work.attempts === 1 && begun > 1)
      witness.blame(`G2 ${about} may be attempted once and was begun ${begun} times`);
    if (!exact || work.within !== undefined || work.mode === 'hang' || work.mode === 'later') continue;
    if (failed > work.attempts || succeeded > 1 || (type === 'ActivityCompleted' && failed >= work.attempts))
      witness.blame(
        `G2 ${about} failed ${failed} times and succeeded ${succeeded} times; its policy allows ${work.attempts} attempts`,
      );
    if (type === 'ActivityFailed' && failed < work.attempts)
      witness.blame(`G2 ${about} is recorded as failed after ${failed} of ${work.attempts} attempts`);
  }
}

function workOf({ activityType = '', input }: SeenEvent, [started]: readonly SeenEvent[]): Work {
  if (!activityType.startsWith('step-')) return input?.data as Work;
  const { root } = started?.input?.data as Input;
  return partOf(root, Number(activityType.slice('step-'.length))) as Work;
}

/** Whoever was told that an attempt is completed finds that in the history of its run, unless nobody waits for it any more. */
function judgeFinished(witness: Witness, { taskToken, failed, answer }: Finished): void {
  if (failed || answer !== 'done') return;
  const [, runId = '', activityId = ''] = /^(.+)\/(\w+)#\d+$/.exec(taskToken) ?? [];
  const run = witness.runs.get(runId);
  // What was meant for a run that another one has gone on for is not for that one.
  const goesOn = run?.events.at(-1)?.newRunId !== undefined;
  if (!run || goesOn || isForced(run) || run.recorded.has(`ActivityCancelRequested ${activityId}`)) return;
  const outcome = run.events.find(
    (event) => event.activityId === activityId && event.type !== 'ActivityScheduled',
  );
  if (outcome?.type !== 'ActivityCompleted')
    witness.blame(
      `G2 ${taskToken} was acknowledged as completed, and is recorded as ${outcome?.type ?? 'nothing'}`,
    );
}

/** What a run was told of its requests is so: the other run has the signal, or is asked to cancel. */
function judgeRequests(witness: Witness, { runId, events }: SeenRun): void {
  const asked = new Map(
    events.flatMap((event) => (/^External.+Requested$/.test(event.type) ? [[event.requestId, event]] : [])),
  );
  for (const { type, requestId = '', failure } of events) {
    const request = type.startsWith('ExternalRequest') ? asked.get(requestId) : undefined;
    if (!request) continue;
    if (type === 'ExternalRequestFailed') {
      const { code } = failure as { readonly code?: string };
      if (request.childId !== undefined && code === 'workflow_not_found')
        witness.blame(`G3 ${requestId} of ${runId} is for a child that was not there yet`);
      continue;
    }
    const runs = runsOf(witness, request.workflowId ?? '');
    const fact =
      request.type === 'ExternalSignalRequested' ? `SignalReceived ${runId}:${requestId}` : 'CancelRequested';
    if (!runs.some(isForced) && !runs.some(({ recorded }) => recorded.has(fact)))
      witness.blame(
        `G3 ${requestId} of ${runId} was answered, and ${request.workflowId ?? ''} has no ${fact}`,
      );
  }
}

/** Lists find a run by what it has shown last. */
function judgeShown(witness: Witness, { runId, events, attributes }: SeenRun): void {
  const listed = JSON.parse(attributes) as Record<string, unknown>;
  const shown = shownAfter(events, 'SearchAttributesUpserted', events[0]?.searchAttributes?.data);
  for (const [name, value] of Object.entries(shown))
    if (listed[name] !== value)
      witness.blame(`G9 ${runId} shows ${name} ${String(value)}, and is listed with ${String(listed[name])}`);
}
