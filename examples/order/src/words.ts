import type { HistoryEvent, WaitingFor } from '@perdure/core';

/** One event in a row of a table. */
export interface EventRow {
  readonly seq: number;
  /** Since the run began, in seconds. */
  readonly after: string;
  readonly type: string;
  /** Which activity, timer or message, and what came of it. */
  readonly about: string;
}

/** Puts the events of one run into words, in order: an outcome is named after the work that it belongs to. */
export function narrator(): (event: HistoryEvent) => EventRow {
  const names = new Map<unknown, string>();
  let begun: number | undefined;
  return ({ seq, type, at, attributes }) => {
    const { activityType, activityId, timerId, purpose, name, attempt, input, result, failure } = attributes;
    begun ??= at.getTime();
    const id = activityId ?? timerId;
    const named = [activityType, name, purpose].find((one) => typeof one === 'string');
    if (id !== undefined && named !== undefined) names.set(id, named);
    const parts = [
      named ?? names.get(id) ?? '',
      typeof attempt === 'number' && attempt > 1 ? `attempt ${attempt}` : '',
      input === undefined ? '' : inShort(input),
      result === undefined ? '' : `\u2192 ${inShort(result)}`,
      failure === undefined ? '' : `\u2192 ${inShort(failure)}`,
    ];
    return {
      seq,
      after: ((at.getTime() - begun) / 1_000).toFixed(2),
      type,
      about: parts.filter((part) => part !== '').join('  '),
    };
  };
}

export function waitingWords(waits: readonly WaitingFor[]): string {
  return waits
    .map((wait) => {
      switch (wait.kind) {
        case 'activity':
          return `activity ${wait.name}`;
        case 'timer':
          return `a timer due at ${wait.dueAt.toLocaleTimeString('en-GB')}`;
        case 'signal':
          return `signal ${wait.name}`;
        case 'condition':
          return 'a condition';
        case 'child':
          return `child ${wait.workflowId}`;
        case 'worker':
          return 'a worker';
      }
    })
    .join(', ');
}

export function inShort(value: unknown, length = 60): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return '';
  return text.length <= length ? text : `${text.slice(0, length - 1)}\u2026`;
}
