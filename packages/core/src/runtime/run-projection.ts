import { readFailure, readPayload, writeFailure, writePayload } from '../codec/stored-payload.js';
import type { ParentRef, RunOrigin } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import type { RunId, WorkflowId } from '../model/ids.js';
import type { Json, Payload } from '../model/payload.js';
import type { EpochMs } from '../model/time.js';
import type { RunRecord } from '../storage/records.js';
import type { RunHeaders } from './interceptor.js';
import { parsedRecord, readStored } from './stored-text.js';

/** What never changes after a run's start: the `start` column. */
export interface RunStart {
  readonly input: Payload;
  readonly memo: Payload;
  readonly executionDeadline?: EpochMs;
  readonly runDeadline?: EpochMs;
  readonly requestId?: string;
  readonly parent?: ParentRef;
  readonly origin?: RunOrigin;
  /** The first run of the chain that continue-as-new and retries make; absent in that run. */
  readonly firstRunId?: RunId;
  /** From 1; absent in the first. */
  readonly attempt?: number;
  /** When another attempt begins: no message makes it begin sooner. */
  readonly beginsAt?: EpochMs;
  /** Runs before this one in its chain have left children open. */
  readonly inherits?: true;
  /** What interceptors sent along. */
  readonly headers?: RunHeaders;
}

/** Where a run stands: the `body` column, rewritten with each commit that changes it. */
export interface RunBody {
  readonly state?: Payload;
  /** All of it, once the run has changed what it was started with. */
  readonly memo?: Payload;
  readonly output?: Payload;
  readonly failure?: FailureRecord;
  readonly closedReason?: string;
  /** The run that goes on in place of this one: continued as new, or tried again. */
  readonly nextRunId?: RunId;
  readonly blocked?: RunBlocked;
  /** So many signals wait to be taken that no more are accepted. */
  readonly signalsFull?: true;
  /** What an open run waits for besides activities, which are tasks: at most 100 of each. */
  readonly timers?: readonly { readonly id: string; readonly dueAt: EpochMs }[];
  readonly signals?: readonly string[];
  readonly conditions?: readonly { readonly id: string; readonly dueAt?: EpochMs }[];
  /** Children that have not ended: at most 100. */
  readonly children?: readonly {
    readonly workflowId: WorkflowId;
    readonly workflowType: string;
    readonly runId?: RunId;
  }[];
}
interface RunBlocked {
  readonly code: string;
  readonly message: string;
  readonly details?: Json;
  /** The code that could not go on: another fingerprint tries again. */
  readonly fingerprint: string;
}

/** A run that has ended, as far as its result goes. */
export type EndedRun = Pick<RunRecord, 'workflowId' | 'runId' | 'workflowType' | 'status' | 'body'>;

export function encodeStart(start: RunStart): string {
  return write(start);
}
export function decodeStart(run: Pick<RunRecord, 'start' | 'runId'>): RunStart {
  return read<RunStart>(run.start, run.runId, 'start');
}
/** The first run of a run's chain: what holds along continue-as-new and retries is kept under it. */
export function chainOf(run: Pick<RunRecord, 'start' | 'runId'>): RunId {
  return decodeStart(run).firstRunId ?? run.runId;
}
export function encodeBody(body: RunBody): string {
  return write(body);
}
export function decodeBody(run: Pick<RunRecord, 'body' | 'runId'>): RunBody {
  return read<RunBody>(run.body, run.runId, 'body');
}

const payloadFields: ReadonlySet<string> = new Set(['input', 'memo', 'state', 'output']);

/** JSON text; what is JSON text already is put in as it is. */
function write(record: object): string {
  const fields: string[] = [];
  for (const [name, value] of Object.entries(record) as [string, unknown][]) {
    if (value === undefined) continue;
    if (payloadFields.has(name)) fields.push(`"${name}":${writePayload(value as Payload)}`);
    else if (name === 'failure') fields.push(`"${name}":${writeFailure(value as FailureRecord)}`);
    else fields.push(`"${name}":${JSON.stringify(value)}`);
  }
  return `{${fields.join(',')}}`;
}

const lists = ['timers', 'signals', 'conditions', 'children'] satisfies (keyof RunBody)[];

function isList(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && !value.includes(null));
}

function read<T>(text: string, runId: RunId, column: string): T {
  return readStored(`The ${column} of run ${runId}`, () => {
    const record = parsedRecord(text);
    if (Object.values(record).includes(null) || !lists.every((name) => isList(record[name])))
      throw new TypeError('a member of another kind');
    for (const field of payloadFields) if (record[field]) record[field] = readPayload(record[field]);
    if (column === 'start' && !(record['input'] && record['memo'])) throw new TypeError('no input or memo');
    if (record['failure']) record['failure'] = readFailure(record['failure']);
    return record as T;
  });
}
