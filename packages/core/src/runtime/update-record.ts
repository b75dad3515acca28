import { readFailure, writeFailure } from '../codec/stored-payload.js';
import type { FailureRecord } from '../model/failure.js';
import type { RunId, Seq } from '../model/ids.js';
import type { KeyRecord } from '../storage/records.js';

/**
 * How far an update has come: the key `update:<chain>:<update id>`, written in the commit that brings it there. Without
 * one the update is in the inbox, or held for its handler. A second call with the same id reads what the first one did.
 */
export type UpdateRecord =
  | { readonly stage: 'accepted'; readonly runId: RunId }
  /** `seq` is that of its `UpdateCompleted` or `UpdateFailed`. */
  | { readonly stage: 'completed'; readonly runId: RunId; readonly seq: Seq }
  | { readonly stage: 'rejected'; readonly runId: RunId; readonly failure: FailureRecord };

export function encodeUpdateRecord(record: UpdateRecord): string {
  if (record.stage !== 'rejected') return JSON.stringify(record);
  const { stage, runId, failure } = record;
  return `{"stage":"${stage}","runId":"${runId}","failure":${writeFailure(failure)}}`;
}

export function decodeUpdateRecord({ value }: KeyRecord): UpdateRecord {
  const record = JSON.parse(value) as UpdateRecord;
  return record.stage === 'rejected' ? { ...record, failure: readFailure(record.failure) } : record;
}
