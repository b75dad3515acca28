import { StorageError } from '../model/errors.js';
import type { ParentRef } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import type { RunId } from '../model/ids.js';
import { payloadText, type Json, type Payload } from '../model/payload.js';
import type { EpochMs } from '../model/time.js';
import type { RunRecord } from '../storage/records.js';

/** What never changes after a run's start: the `start` column. */
export interface RunStart {
  readonly input: Payload;
  readonly memo: Payload;
  readonly searchAttributes: Payload;
  readonly executionDeadline?: EpochMs;
  readonly runDeadline?: EpochMs;
  readonly requestId?: string;
  readonly parent?: ParentRef;
}

/** Where a run stands: the `body` column, rewritten with each commit that changes it. */
export interface RunBody {
  readonly state?: Payload;
  readonly output?: Payload;
  readonly failure?: FailureRecord;
  readonly closedReason?: string;
  readonly blocked?: RunBlocked;
  /** What an open run waits for besides activities, which are tasks: at most 100 of each. */
  readonly timers?: readonly { readonly id: string; readonly dueAt: EpochMs }[];
  readonly signals?: readonly string[];
  readonly conditions?: readonly { readonly id: string; readonly dueAt?: EpochMs }[];
}
export interface RunBlocked {
  readonly code: string;
  readonly message: string;
  readonly details?: Json;
  /** The code that could not go on: another fingerprint tries again. */
  readonly fingerprint: string;
}

export function encodeStart(start: RunStart): string {
  return write(start);
}
export function decodeStart(run: RunRecord): RunStart {
  return read<RunStart>(run.start, run.runId, 'start');
}
export function encodeBody(body: RunBody): string {
  return write(body);
}
export function decodeBody(run: RunRecord): RunBody {
  return read<RunBody>(run.body, run.runId, 'body');
}

/** Payloads are stored as `{ codec, data }`, like those of events. */
interface StoredPayload {
  readonly codec: string;
  readonly data: Json;
}

const payloadFields: ReadonlySet<string> = new Set(['input', 'memo', 'searchAttributes', 'state', 'output']);

/** JSON text; what is JSON text already is put in as it is. */
function write(record: object): string {
  const fields: string[] = [];
  for (const [name, value] of Object.entries(record)) {
    if (value === undefined) continue;
    const text = payloadFields.has(name) ? writePayload(value as Payload) : name === 'failure' ? writeFailure(value as FailureRecord) : JSON.stringify(value);
    fields.push(`"${name}":${text}`);
  }
  return `{${fields.join(',')}}`;
}

function writePayload(payload: Payload): string {
  return `{"codec":${JSON.stringify(payload.codec)},"data":${payloadText(payload)}}`;
}

function writeFailure({ details, cause, ...plain }: FailureRecord): string {
  const more = (details ? `,"details":${writePayload(details)}` : '') + (cause ? `,"cause":${writeFailure(cause)}` : '');
  return JSON.stringify(plain).slice(0, -1) + more + '}';
}

function revive({ codec, data }: StoredPayload): Payload {
  return { codec, tree: data };
}

function read<T>(text: string, runId: RunId, column: string): T {
  try {
    const record = JSON.parse(text) as Record<string, unknown>;
    for (const field of payloadFields) if (record[field]) record[field] = revive(record[field] as StoredPayload);
    for (let failure = record['failure'] as Record<string, unknown> | undefined; failure; failure = failure['cause'] as typeof failure) {
      if (failure['details']) failure['details'] = revive(failure['details'] as StoredPayload);
    }
    return record as T;
  } catch (cause) {
    throw new StorageError(
      'storage_corrupt',
      `The ${column} of run ${runId} cannot be read: it was changed from outside, or the medium is damaged`,
      { retryable: false, outcome: 'not-applied' },
      { cause },
    );
  }
}
