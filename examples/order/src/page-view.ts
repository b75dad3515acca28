import type { PendingActivity, WorkflowDescription } from '@perdure/core';
import type { LedgerLine } from './ledger.js';
import { inShort, waitingWords, type EventRow } from './words.js';
import { steps, type OrderState, type Progress, type Step } from './workflow.js';

/** The page's elements, by what is shown in them. Whatever comes from a run goes in as text and never as markup. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found as E;
}

/** Before anything is known of the chosen order. */
export function showNothing(): void {
  byId('problem').hidden = true;
  for (const id of ['status', 'waits']) byId(id).textContent = '';
  for (const id of ['progress', 'activities', 'result']) byId(id).textContent = '\u2013';
  for (const id of ['ledger', 'history']) byId(id).replaceChildren();
  byId('steps').replaceChildren(...steps.map((step) => stepItem(step, undefined)));
}

export function showRun(run: WorkflowDescription<OrderState>): void {
  const { workflowId, status, statusBucket, state, waitingFor, output, failure, blocked } = run;
  byId('order').textContent = workflowId;
  const badge = byId('status');
  badge.textContent = status;
  badge.dataset['status'] = status;
  badge.dataset['bucket'] = statusBucket;
  byId('steps').replaceChildren(...steps.map((step) => stepItem(step, state)));
  byId('waits').textContent = waitingFor.length > 0 ? `Waiting for ${waitingWords(waitingFor)}` : '';
  byId('result').textContent =
    failure?.message ?? blocked?.message ?? (output === undefined ? '\u2013' : inShort(output, 200));
  byId<HTMLButtonElement>('approve').disabled = !waitingFor.some((wait) => wait.kind === 'signal');
}

function stepItem(step: Step, state: OrderState | undefined): HTMLLIElement {
  const item = document.createElement('li');
  const mark = state?.done.includes(step) ? 'done' : state?.doing === step ? 'doing' : 'ahead';
  item.textContent = step;
  item.dataset['mark'] = mark;
  if (mark === 'doing') item.setAttribute('aria-current', 'step');
  return item;
}

export function showActivities(activities: readonly PendingActivity[]): void {
  byId('activities').textContent =
    activities
      .map(({ activityType, state, attempt, lastHeartbeat, lastFailure }) => {
        const told = lastHeartbeat === undefined ? lastFailure?.message : inShort(lastHeartbeat);
        return `${activityType}, ${state.replace('_', ' ')}, attempt ${attempt}${told === undefined ? '' : `: ${told}`}`;
      })
      .join('; ') || '\u2013';
}

export function showProgress({ percent, doing }: Progress): void {
  byId('progress').textContent = `${percent} %, ${doing}`;
}

export function showHistory(rows: readonly EventRow[]): void {
  byId('history').replaceChildren(
    ...rows.map(({ seq, after, type, about }) => row([String(seq), after, type, about])),
  );
}

export function showLedger(lines: readonly LedgerLine[]): void {
  byId('ledger').replaceChildren(
    ...lines.map(({ effect, asked, attempt, done }) =>
      row([effect, `${asked}\u00D7`, String(attempt), `${done}\u00D7`]),
    ),
  );
}

export function showOrders(runs: readonly WorkflowDescription[], current: string): void {
  byId('orders').replaceChildren(
    ...runs.map(({ workflowId, status }) => {
      const link = document.createElement('a');
      link.href = `#${encodeURIComponent(workflowId)}`;
      link.textContent = workflowId;
      if (workflowId === current) link.setAttribute('aria-current', 'true');
      const item = document.createElement('li');
      item.append(link, ` ${status}`);
      return item;
    }),
  );
}

export function showProblem(message: string): void {
  const problem = byId('problem');
  problem.textContent = message;
  problem.hidden = false;
}

function row(cells: readonly string[]): HTMLTableRowElement {
  const line = document.createElement('tr');
  for (const cell of cells) line.insertCell().textContent = cell;
  return line;
}
