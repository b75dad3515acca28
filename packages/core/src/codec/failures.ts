import { CancelledError, isCancelled } from '../model/errors.js';
import type { Failure, FailureRecord } from '../model/failure.js';
import { asText } from '../model/payload.js';
import type { PayloadLimits } from './limits.js';
import { decodeValue, encodeValue } from './values.js';

/** Longest texts, chain of causes and details that history keeps of an error. */
const longestMessage = 8_192;
const longestStack = 8_192;
const mostCauses = 8;
const detailLimits: PayloadLimits = { maxBytes: 65_536, maxDepth: 64, maxNodes: 5_000 };

/** Anything that was thrown, as history keeps it. Never throws, whatever it was. */
export function encodeFailure(thrown: unknown): FailureRecord {
  return encode(thrown, mostCauses, new Set());
}

function encode(thrown: unknown, causesLeft: number, seen: Set<unknown>): FailureRecord {
  try {
    seen.add(thrown);
    return isError(thrown) ? encodeError(thrown, causesLeft, seen) : encodeOther(thrown);
  } catch {
    return {
      name: 'UnreadableError',
      message: 'Something was thrown that throws itself when it is looked at',
    };
  }
}

function isError(thrown: unknown): thrown is Error {
  return (
    thrown instanceof Error ||
    (typeof thrown === 'object' &&
      thrown !== null &&
      Object.prototype.toString.call(thrown) === '[object Error]')
  );
}

function encodeError(error: Error, causesLeft: number, seen: Set<unknown>): FailureRecord {
  const stack = member(error, 'stack');
  const code = member(error, 'code');
  const cause = member(error, 'cause');
  const details = detailsOf(error);
  return {
    name: isCancelled(error) ? 'CancelledError' : cut(text(member(error, 'name'), 'Error'), 256),
    message: cut(text(member(error, 'message'), ''), longestMessage),
    ...(typeof stack === 'string' && { stack: cut(stack, longestStack) }),
    ...(typeof code === 'string' && { code: cut(code, 256) }),
    ...(member(error, 'nonRetryable') === true && { nonRetryable: true }),
    ...(details && { details }),
    ...(cause !== undefined &&
      causesLeft > 0 &&
      !seen.has(cause) && { cause: encode(cause, causesLeft - 1, seen) }),
  };
}

/** What was thrown and is no error keeps its value, as far as it can be stored. */
function encodeOther(thrown: unknown): FailureRecord {
  const message = typeof thrown === 'string' ? thrown : rendering(thrown);
  const details = stored(thrown);
  return { name: 'NonError', message: cut(message, longestMessage), ...(details && { details }) };
}

/** A member, or undefined where looking at it throws. */
function member(object: object, name: string): unknown {
  try {
    return (object as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

const taken: ReadonlySet<string> = new Set([
  'name',
  'message',
  'stack',
  'code',
  'nonRetryable',
  'cause',
  'details',
]);

/** An error's `details`, or else its own members besides the usual ones. */
function detailsOf(error: Error): FailureRecord['details'] {
  const given = member(error, 'details');
  if (given !== undefined) return stored(given);
  const members: Record<string, unknown> = {};
  let any = false;
  for (const key of Object.keys(error)) {
    if (taken.has(key)) continue;
    const value = member(error, key);
    if (value === undefined || typeof value === 'function' || stored(value) === undefined) continue;
    members[key] = value;
    any = true;
  }
  return any ? stored(members) : undefined;
}

function stored(value: unknown): FailureRecord['details'] {
  if (value === undefined) return undefined;
  try {
    return encodeValue(value, detailLimits);
  } catch {
    return undefined;
  }
}

function text(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : value === undefined ? otherwise : rendering(value);
}

function rendering(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'undefined was thrown';
    case 'function':
      return 'a function was thrown';
    case 'object':
      return value === null ? 'null was thrown' : (JSON.stringify(value) ?? 'an object was thrown');
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'symbol':
      return String(value);
  }
}

function cut(value: string, length: number): string {
  return value.length <= length ? value : `${value.slice(0, length - 1)}…`;
}

/** A recorded failure for people and programs: the details decoded. */
export function failureOf(record: FailureRecord): Failure {
  const { details, cause, ...plain } = record;
  return {
    ...plain,
    ...(details && { details: decoded(details) }),
    ...(cause && { cause: failureOf(cause) }),
  };
}

/** The error again, as far as it was recorded: its class is lost, its name is kept. */
export function rebuildError(record: FailureRecord): Error {
  const error =
    record.name === 'CancelledError' ? new CancelledError(record.message) : new Error(record.message);
  const hidden = (key: string, value: unknown): void => {
    Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
  };
  if (record.name !== 'CancelledError') hidden('name', record.name);
  if (record.stack !== undefined) hidden('stack', record.stack);
  if (record.cause) hidden('cause', rebuildError(record.cause));
  return Object.assign(error, {
    ...(record.code !== undefined && { code: record.code }),
    ...(record.nonRetryable && { nonRetryable: true }),
    ...(record.details && { details: decoded(record.details) }),
  });
}

/** Details that cannot be read any more must not hide the failure that they belong to. */
function decoded(details: NonNullable<FailureRecord['details']>): unknown {
  try {
    return decodeValue(asText(details));
  } catch {
    return undefined;
  }
}
