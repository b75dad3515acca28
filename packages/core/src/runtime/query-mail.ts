import type { TaskId } from '../model/ids.js';
import type { Payload } from '../model/payload.js';
import { readPayload, writePayload } from '../codec/stored-payload.js';
import { decodeSignal, encodeSignal, type SignalMessage } from './messages.js';
import { parsedRecord, readStored } from './stored-text.js';

/**
 * A query to a run whose code is elsewhere is a task, `<run id>/query/<uuid>`; its reply is a key, `reply:<uuid>`, that
 * belongs to the run and is dropped by who asked.
 */
export type QueryMessage = SignalMessage;
export type QueryReply =
  | { readonly ok: true; readonly result: Payload }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly details?: unknown };

export function queryTaskId(runId: string, uuid: string): TaskId {
  return `${runId}/query/${uuid}`;
}
export function replyKey(taskId: TaskId): string {
  return `reply:${taskId.slice(taskId.lastIndexOf('/') + 1)}`;
}

export const encodeQuery: (query: QueryMessage) => string = encodeSignal;
export const decodeQuery: (body: string) => QueryMessage = decodeSignal;

export function encodeReply(reply: QueryReply): string {
  return reply.ok ? `{"ok":true,"result":${writePayload(reply.result)}}` : JSON.stringify(reply);
}

export function decodeReply(text: string): QueryReply {
  return readStored('The reply to a query', () => {
    const { ok, code, message, details, result } = parsedRecord(text);
    if (ok === true) return { ok, result: readPayload(result) };
    return { ok: false, code: String(code), message: String(message), details };
  });
}
