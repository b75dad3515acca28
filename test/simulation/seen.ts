/** An event of history, as far as its laws need it. */
export interface SeenEvent {
  readonly seq: number;
  readonly type: string;
  readonly at: number;
  readonly activityId?: string;
  readonly timerId?: string;
  readonly waitId?: string;
  readonly messageId?: string;
  readonly updateId?: string;
  readonly childId?: string;
  readonly requestId?: string;
  readonly dueAt?: number;
  readonly purpose?: string;
  readonly name?: string;
  readonly reason?: string;
  readonly activityType?: string;
  readonly workflowId?: string;
  readonly changeId?: string;
  readonly version?: number;
  readonly parentClosePolicy?: string;
  readonly children?: readonly { readonly workflowId: string; readonly policy: string }[];
  readonly timeouts?: { readonly scheduleToClose?: number };
  readonly timeout?: string;
  readonly newRunId?: string;
  readonly attempt?: number;
  readonly runDeadline?: number;
  readonly executionDeadline?: number;
  readonly retry?: { readonly maximumAttempts: number };
  readonly values?: { readonly data?: unknown };
  readonly memo?: { readonly data?: unknown };
  readonly searchAttributes?: { readonly data?: unknown };
  readonly input?: { readonly data?: unknown };
  readonly result?: { readonly data?: unknown };
  readonly value?: { readonly data?: unknown };
  readonly failure?: unknown;
  readonly parent?: { readonly runId: string; readonly childId: string };
  readonly continuedFrom?: string;
}

export interface SeenRun {
  readonly runId: string;
  readonly workflowId: string;
  readonly events: SeenEvent[];
  status: string;
  closed: boolean;
  /** Names of commands and of what was answered to them, so that nothing is recorded twice. */
  readonly recorded: Set<string>;
  /** Activities that have no outcome yet, and until when each may take. */
  readonly activities: Map<string, number>;
  readonly timers: Map<string, { readonly dueAt: number }>;
  /** Its search attributes, as lists find them. */
  attributes: string;
}

/** Ended by somebody who waits for nothing: by force, by a deadline, or by a cancellation before any of its code was run. */
export function isForced({ events, recorded }: SeenRun): boolean {
  const { type, newRunId } = events.at(-1) ?? {};
  return (
    type === 'WorkflowTerminated' ||
    (type === 'WorkflowTimedOut' && newRunId === undefined) ||
    (type === 'WorkflowCancelled' && !recorded.has('CancelRequested'))
  );
}
