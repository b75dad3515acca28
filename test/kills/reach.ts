import type { HistoryBundle, RepairOutcome, WorkflowDescription } from '@perdure/core';

/** What users and the judge do with a run, whether its client is in this process or in a tab. */
export interface RunInReach {
  readonly workflowId: string;
  describe(): Promise<Pick<WorkflowDescription, 'runId' | 'status' | 'state' | 'blocked'>>;
  signal(name: string, value: unknown, options?: { id?: string }): Promise<void>;
  update(name: string, value: unknown, options: { id: string }): Promise<unknown>;
  cancel(): Promise<unknown>;
  result(): Promise<any>;
  history$(): AsyncIterable<{ readonly seq: number }>;
  exportHistory(): Promise<HistoryBundle>;
  repair(): Promise<RepairOutcome>;
}

/** What users and the judge do with a client. */
export interface ClientInReach {
  start(workflow: string, input: unknown, options: { id: string; requestId?: string }): Promise<RunInReach>;
  handle(workflowId: string, runId?: string): RunInReach;
}

/** Where effects go: how workflows reach it, and the file that it is kept in. */
export interface Ledger {
  readonly address: string;
  readonly file: string;
}

/** What is looked at of a store besides what each of its clients can see. */
export interface Insides {
  /** Rejects where the store is damaged in itself. */
  check(): Promise<void>;
  /** Runs that were made since this was asked last. */
  newRuns(): Promise<readonly { readonly runId: string; readonly workflowId: string }[]>;
  readTasks(runId: string): Promise<readonly unknown[]>;
  readInbox(runId: string): Promise<readonly unknown[]>;
  /** What is still to do, by where it is kept. */
  leftovers(): Promise<Readonly<Record<string, readonly unknown[]>>>;
  /** Changes whenever a run moves on. */
  progress(): Promise<string>;
  /** All there is of what is still to do, for people. */
  told(): Promise<string>;
}
