/**
 * Where the inspector gets what it shows. All of it is plain JSON, with values as text and moments in ISO 8601, so that a
 * source can be a client in the same page, a server, or a file. Methods reject with an error whose message says what to do.
 */
export interface InspectorSource {
  about(): Promise<InspectorAbout>;
  /** One page of runs, newest first. */
  runs(filter: RunsFilter): Promise<RowsPage<RunRow>>;
  /** One run as it stands. */
  run(run: RunKey): Promise<RunDetail>;
  /** Its events after `afterSeq`, in order. */
  history(run: RunKey, afterSeq: number): Promise<EventsPage>;
  /** Activities of the newest runs, newest first. */
  activities(filter: ActivitiesFilter): Promise<Findings<ActivityRow>>;
  /** Events of the newest runs, newest first. */
  events(filter: EventsFilter): Promise<Findings<EventRow>>;
  /** Starts a workflow; `input` is JSON, empty for none. */
  start(request: StartRequest): Promise<RunKey>;
  cancel(runs: readonly RunKey[], reason: string): Promise<BulkOutcome>;
  /** Sends each of them a signal; `input` is JSON, empty for none. */
  signal(runs: readonly RunKey[], name: string, input: string): Promise<BulkOutcome>;
  /** Calls back when what is watched may have changed: late, merged and spurious as may be. Returns what ends it. */
  watch(what: Watched, changed: () => void): () => void;
}

export interface InspectorAbout {
  /** What is inspected, for people. */
  readonly title: string;
  /** Whether runs can be started, cancelled and signalled. */
  readonly canAct: boolean;
  /** Names that can be started, where they are known. */
  readonly workflows: readonly string[];
  /** How soon a change is seen, for people. */
  readonly freshness: string;
}

export interface RunKey {
  readonly workflowId: string;
  readonly runId: string;
}
export interface RunRow extends RunKey {
  readonly workflowType: string;
  readonly status: string;
  readonly isOpen: boolean;
  readonly startedAt: string;
  readonly closedAt: string | null;
  /** What it waits for, or how it ended. */
  readonly about: string;
}
export interface RunsFilter {
  /** The workflow id begins with this. */
  readonly search?: string;
  readonly workflowType?: string;
  readonly status?: string;
  /** In the query language of the client. */
  readonly query?: string;
  /** Of the page before. */
  readonly pageToken?: string;
}
export interface RowsPage<T> {
  readonly items: readonly T[];
  /** For the next page; null at the end. */
  readonly next: string | null;
}

export interface RunDetail extends RunRow {
  /** What there is to say about it, name by name. */
  readonly fields: readonly (readonly [string, string])[];
  readonly activities: readonly ActivityRow[];
  /** Number of events. */
  readonly historyLength: number;
}
export interface EventsPage {
  readonly items: readonly EventRow[];
  /** Whether there are more after these. */
  readonly more: boolean;
}

/** Rows that were found among the newest runs. */
export interface Findings<T> {
  readonly items: readonly T[];
  /** Where the search ended, for people; empty where it looked at everything. */
  readonly bound: string;
}
export interface ActivitiesFilter {
  /** A part of the type, of an id, or of what is told about it. */
  readonly search?: string;
  readonly state?: string;
}
export interface ActivityRow extends RunKey {
  readonly activityId: string;
  readonly activityType: string;
  readonly state: string;
  readonly attempt: number;
  /** When its state was recorded. */
  readonly at: string;
  /** Its last heartbeat, result or failure. */
  readonly about: string;
}
export interface EventsFilter {
  /** A part of the workflow id, or of what the event carries. */
  readonly search?: string;
  readonly type?: string;
}
export interface EventRow extends RunKey {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  /** What it carries. */
  readonly about: string;
}

export interface StartRequest {
  readonly name: string;
  readonly input: string;
  /** Empty: a new one. */
  readonly id: string;
}
export interface BulkOutcome {
  readonly done: number;
  readonly failed: readonly { readonly workflowId: string; readonly message: string }[];
}

export type Watched =
  | { readonly kind: 'runs'; readonly filter: RunsFilter }
  | { readonly kind: 'run'; readonly run: RunKey }
  | { readonly kind: 'events' };
