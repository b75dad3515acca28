import type { Messages, PendingActivity, WorkflowDescription, WorkflowHandle } from '@perdure/core';
import { combineLatest, map, scan, startWith, type Observable } from 'rxjs';
import { inShort, narrator, waitingWords, type EventRow } from './words.js';
import { steps, type OrderState } from './workflow.js';

const lastEvents = 5;

/** The lines of the live view, drawn again whenever something was committed, by whichever process. */
export function liveView(
  handle: Pick<WorkflowHandle<unknown, Messages, OrderState>, 'state$' | 'activities$' | 'history$'>,
): Observable<readonly string[]> {
  const narrate = narrator();
  const events$ = handle.history$().pipe(
    scan((rows: readonly EventRow[], event) => [...rows, narrate(event)].slice(-lastEvents), []),
    startWith([]),
  );
  return combineLatest([handle.state$, handle.activities$.pipe(startWith([])), events$]).pipe(
    map(([run, activities, events]) => [
      headlineOf(run),
      stepsOf(run.state),
      ...activities.map(activityLine),
      ...events.map(
        ({ seq, after, type, about }) => `  ${String(seq).padStart(3)}  ${after} s  ${type}  ${about}`,
      ),
    ]),
  );
}

function headlineOf({ workflowId, status, waitingFor }: WorkflowDescription): string {
  const waits = waitingWords(waitingFor);
  return `  ${workflowId} is ${status}${waits === '' ? '' : `: it waits for ${waits}`}`;
}

function stepsOf(state: OrderState | undefined): string {
  const mark = (step: (typeof steps)[number]): string => {
    if (state?.done.includes(step)) return '\u2713';
    return state?.doing === step ? '\u25B8' : '\u00B7';
  };
  return `  ${steps.map((step) => `${mark(step)} ${step}`).join('   ')}`;
}

function activityLine({ activityType, state, attempt, lastHeartbeat, lastFailure }: PendingActivity): string {
  const heartbeat = lastHeartbeat === undefined ? '' : `: ${inShort(lastHeartbeat)}`;
  const failure = lastFailure ? `, failed before: ${lastFailure.message}` : '';
  return `  activity ${activityType}, ${state}, attempt ${attempt}${heartbeat}${failure}`;
}
