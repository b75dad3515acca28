import type { StandardSchemaV1 } from '@standard-schema/spec';
import { describe, expect, test } from 'vitest';
import { validateSync } from './schema.js';

const schema = (validate: (value: unknown) => unknown): StandardSchemaV1 => ({
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: validate as StandardSchemaV1['~standard']['validate'],
  },
});

const boom = (): never => {
  throw new Error('hands off');
};
const hostile = new Proxy({}, { get: boom, has: boom, getPrototypeOf: boom });

describe('schemas', () => {
  test('give back what they make of the value', () => {
    expect(
      validateSync(
        schema((value) => ({ value: Number(value) })),
        '7',
        'The input',
      ),
    ).toBe(7);
    expect(
      validateSync(
        schema(() => ({ value: undefined })),
        '7',
        'The input',
      ),
    ).toBeUndefined();
  });

  test('issues come with their paths', () => {
    const issues = [
      { message: 'too small', path: ['items', 2, { key: 'price' }] },
      { message: 'missing', path: [0, Symbol('s')] },
      { message: 'wrong' },
    ];
    expect(() =>
      validateSync(
        schema(() => ({ issues })),
        {},
        'The input',
      ),
    ).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        issues: [
          { path: 'items[2].price', message: 'too small' },
          { path: '[0].Symbol(s)', message: 'missing' },
          { path: '', message: 'wrong' },
        ],
      }),
    );
  });

  test.each<[string, (value: unknown) => unknown, RegExp]>([
    ['asynchronous', () => Promise.reject(new Error('late')), /asynchronous/],
    [
      'throwing',
      () => {
        throw new Error('broken');
      },
      /broken/,
    ],
    ['without an answer', () => undefined, /no answer/],
    [
      'throwing what cannot be looked at',
      () => {
        throw hostile;
      },
      /the schema threw/,
    ],
    ['answering what cannot be looked at', () => hostile, /the schema threw: hands off/],
    ['answering with issues that are none', () => ({ issues: 7 }), /the schema threw/],
  ])('one that is %s is refused', (_name, validate, message) => {
    expect(() => validateSync(schema(validate), {}, 'The input')).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: expect.stringMatching(message) }),
    );
  });
});
