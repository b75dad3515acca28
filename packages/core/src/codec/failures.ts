import { CancelledError, isCancelled } from '../model/errors.js';
import type { Failure, FailureRecord } from '../model/failure.js';
import { asText, type Payload, type TextPayload } from '../model/payload.js';
import { isErrorObject } from './error-values.js';
import { readLimits, type PayloadLimits } from './limits.js';
import { decodeValue, encodeValue } from './values.js';

/** Most that history keeps of an error: characters, causes, own members. */
const longestMessage = 8_192;
const longestStack = 8_192;
const longestName = 256;
const mostCauses = 8;
const mostMembers = 100;
const detailLimits: PayloadLimits = { maxBytes: 65_536, maxDepth: 64, maxNodes: 5_000 };

/** Marks the record of a cancellation: an error of the application may be named `CancelledError` too, and is a failure. */
const cancelled = { name: 'CancelledError', code: 'cancelled' };

/** Anything that was thrown, as history keeps it. Never throws, whatever it was. */
export function encodeFailure(thrown: unknown): FailureRecord {
  return encode(thrown, mostCauses, new Set());
}

function encode(thrown: unknown, causesLeft: number, seen: Set<unknown>): FailureRecord {
  try {
    seen.add(thrown);
    const isError = typeof thrown === 'object' && thrown !== null && isErrorObject(thrown);
    return isError ? encodeError(thrown, causesLeft, seen) : encodeOther(thrown);
  } catch {
    return {
      name: 'UnreadableError',
      message: 'Something was thrown that throws itself when it is looked at',
    };
  }
}

function encodeError(error: Error, causesLeft: number, seen: Set<unknown>): FailureRecord {
  const stack = member(error, 'stack');
  const code = member(error, 'code');
  const cause = member(error, 'cause') ?? undefined;
  const details = detailsOf(error);
  return {
    name: cut(text(member(error, 'name'), 'Error'), longestName),
    message: cut(text(member(error, 'message'), ''), longestMessage),
    ...(typeof stack === 'string' && { stack: cut(stack, longestStack) }),
    ...(typeof code === 'string' && { code: cut(code, longestName) }),
    ...(isCancelled(error) && cancelled),
    ...(member(error, 'nonRetryable') === true && { nonRetryable: true }),
    ...(details && { details }),
    ...(cause !== undefined &&
      causesLeft > 0 &&
      !seen.has(cause) && { cause: encode(cause, causesLeft - 1, seen) }),
  };
}

/** What was thrown and is no error keeps its value, as far as it can be stored. */
function encodeOther(thrown: unknown): FailureRecord {
  const message = cut(rendering(thrown), longestMessage);
  const hasDetails = thrown !== undefined && typeof thrown !== 'function' && typeof thrown !== 'symbol';
  return { name: 'NonError', message, ...(hasDetails && { details: stored(thrown) }) };
}

/** A member, or undefined where looking at it throws. */
function member(object: object, name: string): unknown {
  try {
    return (object as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** An error's `details`, or else its own members besides those that a record has a place for. */
function detailsOf(error: Error): TextPayload | undefined {
  const given = member(error, 'details');
  if (given !== undefined) return stored(given);
  const members: Record<string, unknown> = {};
  for (const key of namesOf(error).slice(0, mostMembers)) {
    const value = member(error, key);
    if (value !== undefined && typeof value !== 'function') members[key] = value;
  }
  const names = Object.keys(members);
  if (names.length === 0) return undefined;
  const all = attempt(members);
  if (typeof all === 'object') return all;
  for (const name of names) {
    const one = attempt(members[name]);
    if (typeof one === 'string') members[name] = one;
  }
  return stored(members);
}

const taken: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'details', '__proto__']);

/** `errors` of an `AggregateError` is not enumerable; a `code` that is no string, such as a status, has no place of its own. */
function namesOf(error: Error): readonly string[] {
  const names = Object.keys(error).filter(
    (key) =>
      !taken.has(key) &&
      !(key === 'code' && typeof member(error, key) === 'string') &&
      !(key === 'nonRetryable' && typeof member(error, key) === 'boolean'),
  );
  return Array.isArray(member(error, 'errors')) && !names.includes('errors') ? ['errors', ...names] : names;
}

/** The payload of a value, or a note that says why there is none: what is lost of a failure must not lose the failure. */
function stored(value: unknown): TextPayload {
  const payload = attempt(value);
  return typeof payload === 'object' ? payload : encodeValue(payload);
}

function attempt(value: unknown): TextPayload | string {
  try {
    return encodeValue(value, detailLimits);
  } catch (error) {
    return `[not stored] ${(error as Error).message}`;
  }
}

function text(value: unknown, otherwise: string): string {
  return value === undefined ? otherwise : rendering(value);
}

function rendering(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'undefined was thrown';
    case 'function':
      return 'a function was thrown';
    case 'object':
      return value === null ? 'null was thrown' : renderingOf(value);
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'symbol':
      return String(value);
  }
}

function renderingOf(object: object): string {
  const message = member(object, 'message');
  if (typeof message === 'string' && message !== '') return message;
  const payload = attempt(object);
  return typeof payload === 'object' && payload.codec === 'json'
    ? payload.text
    : `${kindOf(object)} was thrown`;
}

function kindOf(object: object): string {
  const type = member(object, 'constructor');
  const name = typeof type === 'function' ? type.name : '';
  return name === '' || name === 'Object' ? 'an object' : `an instance of ${cut(name, longestName)}`;
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
  const { name, message, stack, code, nonRetryable, details, cause } = record;
  const isCancellation = name === cancelled.name && code === cancelled.code;
  const error = isCancellation ? new CancelledError(message) : new Error(message);
  const hidden = (key: string, value: unknown): void => {
    Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
  };
  if (!isCancellation) hidden('name', name);
  if (stack !== undefined) hidden('stack', stack);
  if (cause) hidden('cause', rebuildError(cause));
  return Object.assign(error, {
    ...(code !== undefined && !isCancellation && { code }),
    ...(nonRetryable && { nonRetryable }),
    ...(details && { details: decoded(details) }),
  });
}

/** Details that cannot be read any more must not hide the failure that they belong to. */
function decoded(details: Payload): unknown {
  try {
    return decodeValue(asText(details), readLimits);
  } catch (error) {
    return `[not readable] ${error instanceof Error ? error.message : ''}`;
  }
}
