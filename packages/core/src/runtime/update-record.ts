import { readFailure, writeFailure } from '../codec/stored-payload.js';
import type { FailureRecord } from '../model/failure.js';
import type { RunId, Seq } from '../model/ids.js';
import type { KeyRecord } from '../storage/records.js';
import { parsedRecord, readStored } from './stored-text.js';

/**
 * How far an update has come: the key `update:<chain>:<update id>`, written in the commit that brings it there. Without
 * one the update is in the inbox, or held for its handler. A second call with the same id reads what the first one did.
 * `runId` is the run that has it now: it moves on with the chain until the update is done.
 */
export type UpdateRecord = { readonly runId: RunId; readonly name?: string } & (
  | { readonly stage: 'accepted' }
  /** `seq` is that of its `UpdateCompleted` or `UpdateFailed`. */
  | { readonly stage: 'completed'; readonly seq: Seq }
  /** It was accepted and can have no result: no event says so. */
  | { readonly stage: 'completed'; readonly failure: FailureRecord }
  | { readonly stage: 'rejected'; readonly failure: FailureRecord }
);

export function encodeUpdateRecord(record: UpdateRecord): string {
  if (!('failure' in record)) return JSON.stringify(record);
  const { failure, ...plain } = record;
  return `${JSON.stringify(plain).slice(0, -1)},"failure":${writeFailure(failure)}}`;
}

export function decodeUpdateRecord({ key, value }: KeyRecord): UpdateRecord {
  return readStored(`Key ${key}`, () => {
    const record = parsedRecord(value) as unknown as UpdateRecord;
    return 'failure' in record ? { ...record, failure: readFailure(record.failure) } : record;
  });
}
