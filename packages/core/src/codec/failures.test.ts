import { describe, expect, test } from 'vitest';
import { CancelledError, NonRetryableError, isCancelled } from '../model/errors.js';
import type { FailureRecord } from '../model/failure.js';
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
    ['an error with a strange name', Object.assign(new Error('m'), { name: 5 }), { name: '5' }],
  ])('%s', (_name, thrown, expected) => {
    expect(encodeFailure(thrown)).toMatchObject(expected);
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

  test('long texts are cut, large details are left out', () => {
    const error = Object.assign(new Error('m'.repeat(100_000)), {
      stack: 's'.repeat(100_000),
      details: 'd'.repeat(100_000),
    });
    const { message, stack, details } = encodeFailure(error);
    expect(message).toHaveLength(8_192);
    expect(stack).toHaveLength(8_192);
    expect(details).toBeUndefined();
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
