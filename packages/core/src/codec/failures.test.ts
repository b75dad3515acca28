import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CancelledError, NonRetryableError, isCancelled } from '../model/errors.js';
import type { RunEvent } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import { decodeEvent, encodeEvent } from './events.js';
import { decodeValue } from './values.js';
import { encodeFailure, failureOf, rebuildError } from './failures.js';

describe('whatever is thrown is kept, bounded', () => {
  const evil = new Proxy(new Error('x'), {
    get: () => {
      throw new Error('trap');
    },
    getPrototypeOf: () => {
      throw new Error('trap');
    },
  });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  test.each<[string, unknown, Partial<FailureRecord>]>([
    ['null', null, { name: 'NonError', message: 'null was thrown' }],
    ['undefined', undefined, { name: 'NonError', message: 'undefined was thrown' }],
    ['a string', 'plain', { name: 'NonError', message: 'plain' }],
    ['a symbol', Symbol('s'), { name: 'NonError', message: 'Symbol(s)' }],
    ['a bigint', 7n, { name: 'NonError', message: '7' }],
    ['a function', () => 1, { name: 'NonError', message: 'a function was thrown' }],
    ['an object', { status: 4 }, { name: 'NonError', message: '{"status":4}' }],
    ['a proxy that throws', evil, { name: 'UnreadableError' }],
    ['a revoked proxy', revoked.proxy, { name: 'UnreadableError' }],
    ['a frozen error', Object.freeze(new RangeError('frozen')), { name: 'RangeError', message: 'frozen' }],
    [
      'an error with a getter that throws',
      Object.defineProperty(new Error('m'), 'code', {
        get: () => {
          throw new Error('no');
        },
      }),
      { message: 'm' },
    ],
    [
      'an object that looks like an error',
      { message: 'nearly', code: 4 },
      { name: 'NonError', message: 'nearly' },
    ],
    [
      'an object that cannot be stored',
      new Map([[() => 1, 1]]),
      { name: 'NonError', message: 'an instance of Map was thrown' },
    ],
    ['a cyclic object', cyclic, { name: 'NonError', message: 'an object was thrown' }],
    [
      'an object with a toJSON that throws',
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
      { name: 'NonError', message: 'an object was thrown' },
    ],
    [
      'an error with a message that is an object',
      Object.assign(new Error('m'), { message: cyclic }),
      { name: 'Error', message: 'an object was thrown' },
    ],
    [
      'an error of another realm',
      runInNewContext('new RangeError("far")'),
      { name: 'RangeError', message: 'far' },
    ],
    ['an error with a strange name', Object.assign(new Error('m'), { name: 5 }), { name: '5' }],
  ])('%s', (_name, thrown, expected) => {
    expect(encodeFailure(thrown)).toMatchObject(expected);
  });

  test('an error whose every member throws', () => {
    const hostile = new Error('x');
    for (const key of ['stack', 'name', 'message', 'code', 'cause', 'details', 'nonRetryable', 'other']) {
      Object.defineProperty(hostile, key, {
        enumerable: true,
        get: () => {
          throw new Error('trap');
        },
      });
    }
    expect(encodeFailure(hostile)).toEqual({ name: 'Error', message: '' });
  });

  test('what can be stored of an error is, and the rest leaves a note', () => {
    const error = Object.assign(new Error('m'), {
      status: 404,
      code: 17,
      request: { socket: new WeakMap() },
      retry: () => 1,
    });
    expect(failureOf(encodeFailure(error)).details).toEqual({
      status: 404,
      code: 17,
      request: expect.stringMatching(/^\[not stored\] .*'socket'.*WeakMap/),
    });
    expect(encodeFailure(Object.assign(new Error('m'), { a: 1, details: 2 })).details).toEqual({
      codec: 'json',
      text: '2',
    });
    expect(encodeFailure(new Error('m')).details).toBeUndefined();
    expect(encodeFailure(new Error('m', { cause: null })).cause).toBeUndefined();
  });

  test('of very many members the first are kept', () => {
    const error = Object.assign(
      new Error('m'),
      Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`m${i}`, i])),
    );
    expect(Object.keys(failureOf(encodeFailure(error)).details as object)).toHaveLength(100);
  });

  test('the errors of an AggregateError are its details', () => {
    const { details } = failureOf(encodeFailure(new AggregateError([new TypeError('one'), 'two'], 'many')));
    expect(details).toEqual({
      errors: [expect.objectContaining({ name: 'TypeError', message: 'one' }), 'two'],
    });
  });

  test('anything at all', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      withObjectString: true,
    });
    fc.assert(
      fc.property(anything, anything, (thrown, members) => {
        for (const record of [encodeFailure(thrown), encodeFailure(Object.assign(new Error('m'), members))]) {
          const event = encodeEvent({ seq: 1, type: 'WorkflowFailed', at: 0, failure: record });
          const back = decodeEvent(event) as Extract<RunEvent, { type: 'WorkflowFailed' }>;
          expect(event.length).toBeLessThan(200_000);
          expect(encodeFailure(rebuildError(back.failure))).toMatchObject({
            name: record.name,
            message: record.message,
          });
        }
      }),
    );
  });

  test('cyclic and long chains of causes end', () => {
    const a = new Error('a');
    const b = new Error('b', { cause: a });
    a.cause = b;
    expect(encodeFailure(a).cause?.message).toBe('b');
    expect(encodeFailure(a).cause?.cause).toBeUndefined();
    let chain = new Error('0');
    for (let i = 1; i < 100; i++) chain = new Error(String(i), { cause: chain });
    let depth = 0;
    for (let at: FailureRecord | undefined = encodeFailure(chain); at; at = at.cause) depth += 1;
    expect(depth).toBe(9);
  });

  test('long texts are cut, details that are too large leave a note', () => {
    const error = Object.assign(new Error('m'.repeat(100_000)), {
      stack: 's'.repeat(100_000),
      details: 'd'.repeat(100_000),
    });
    const { message, stack, details } = encodeFailure(error);
    expect(message).toHaveLength(8_192);
    expect(stack).toHaveLength(8_192);
    expect(decodeValue(details!)).toMatch(/^\[not stored\] .*65536 bytes/);
  });
});

describe('errors rebuilt', () => {
  test('name, message, code, cause and members', () => {
    const record = encodeFailure(
      Object.assign(new TypeError('bad', { cause: new RangeError('inner') }), { code: 'E_BAD', status: 500 }),
    );
    const error = rebuildError(record) as Error & { code: string; details: unknown };
    expect(error).toMatchObject({
      name: 'TypeError',
      message: 'bad',
      code: 'E_BAD',
      details: { status: 500 },
    });
    expect(error.cause).toMatchObject({ name: 'RangeError', message: 'inner' });
    expect(failureOf(record)).toMatchObject({
      name: 'TypeError',
      details: { status: 500 },
      cause: { name: 'RangeError' },
    });
  });

  test('a NonRetryableError stays one, with its details', () => {
    const record = encodeFailure(
      new NonRetryableError('no', { name: 'CardRefused', details: { reason: 'limit' } }),
    );
    expect(record).toMatchObject({ name: 'CardRefused', nonRetryable: true });
    expect(rebuildError(record)).toMatchObject({
      name: 'CardRefused',
      nonRetryable: true,
      details: { reason: 'limit' },
    });
  });

  test('an error of the application that is named CancelledError is a failure', () => {
    const error = rebuildError(encodeFailure(Object.assign(new Error('mine'), { name: 'CancelledError' })));
    expect(error.name).toBe('CancelledError');
    expect(isCancelled(error)).toBe(false);
  });

  test('details that cannot be read do not hide the failure', () => {
    expect(failureOf({ name: 'E', message: 'm', details: { codec: 'lost', text: '1' } })).toMatchObject({
      message: 'm',
      details: expect.stringContaining("'lost'"),
    });
  });

  test('what is rebuilt is recorded as it was', () => {
    const record = encodeFailure(
      Object.assign(new TypeError('bad', { cause: new CancelledError() }), { code: 'E', status: 1n }),
    );
    expect(encodeFailure(rebuildError(record))).toEqual(record);
  });

  test('a CancelledError is recognised again', () => {
    expect(isCancelled(rebuildError(encodeFailure(new CancelledError('enough'))))).toBe(true);
  });

  test('it can be rebuilt twice from one record, and the two share nothing', () => {
    const record = encodeFailure(Object.assign(new Error('m'), { details: { list: [1] } }));
    const [first, second] = [rebuildError(record), rebuildError(record)] as unknown as {
      details: { list: number[] };
    }[];
    first!.details.list.push(2);
    expect(second!.details.list).toEqual([1]);
  });
});
