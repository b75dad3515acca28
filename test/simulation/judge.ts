import { differenceOf } from './oracle/compare.js';
import type { Ledger } from './ledger.js';
import type { Told } from './script.js';
import { isForced, type SeenEvent, type SeenRun } from './seen.js';
import type { Witness } from './witness.js';
import type { Work } from './workflow.js';

/** What is there once everything should have ended. */
export interface Evidence {
  readonly witness: Witness;
  readonly ledger: Ledger;
  /** What clients were told, and the results that they heard, by workflow. */
  readonly told: readonly Told[];
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
  if (evidence.ledger.wrong !== undefined) witness.blame(evidence.ledger.wrong);
  judgeAnswers(evidence);
  for (const run of witness.runs.values()) judgeActivities(evidence, run);
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
    if (kind === 'signal' || kind === 'bump') {
      if (answer === 'accepted' && !forced && !has(`SignalReceived ${id}`))
        witness.blame(`G3 signal ${id} to w${workflow} was acknowledged and is in no history`);
    } else if (kind === 'update' && answer.startsWith('updated')) {
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
    if (type === 'ActivityScheduled') scheduled.set(activityId, inputOf(event));
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
    if (!exact || work.mode === 'hang') continue;
    if (failed > work.attempts || succeeded > 1 || (type === 'ActivityCompleted' && failed >= work.attempts))
      witness.blame(
        `G2 ${about} failed ${failed} times and succeeded ${succeeded} times; its policy allows ${work.attempts} attempts`,
      );
    if (type === 'ActivityFailed' && failed < work.attempts)
      witness.blame(`G2 ${about} is recorded as failed after ${failed} of ${work.attempts} attempts`);
  }
}

function inputOf(event: SeenEvent): Work {
  return event.input?.data as Work;
}

/** What holds along the runs that continue each other. */
function judgeChains(witness: Witness): void {
  const accepted = new Set<string>();
  for (const run of witness.runs.values()) {
    for (const { type, updateId = '' } of run.events) {
      const fact = `${run.workflowId} ${updateId}`;
      if (type === 'UpdateAccepted' && accepted.has(fact))
        witness.blame(`G5 update ${updateId} is accepted twice by ${run.workflowId}`);
      if (type === 'UpdateAccepted') accepted.add(fact);
    }
    const last = run.events.at(-1) as SeenEvent & { readonly newRunId?: string };
    if (last.type !== 'WorkflowContinuedAsNew') continue;
    const next = witness.runs.get(last.newRunId ?? '');
    if (!next) witness.blame(`G9 ${run.runId} continues as ${String(last.newRunId)}, which is no run`);
    else if (run.recorded.has('CancelRequested') && !next.recorded.has('CancelRequested') && !isForced(next))
      witness.blame(`§4 ${run.runId} was asked to cancel, and ${next.runId}, which goes on from it, was not`);
  }
}
