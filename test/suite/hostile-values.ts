import {
  ActivityError,
  CancelledError,
  EngineClosedError,
  ForeignAwaitError,
  InvalidArgumentError,
  NondeterminismError,
  NonRetryableError,
  PayloadError,
  QueryRejectedError,
  StorageError,
  UpdateRejectedError,
} from '@perdure/core';

/** What a hostile or careless user throws and returns. Made anew at each call: some of it changes when it is looked at. */

const boom = (): never => {
  throw new Error('hands off');
};
const traps: ProxyHandler<never> = Object.fromEntries(
  Object.getOwnPropertyNames(Reflect).map((trap) => [trap, boom]),
);

/** Throws whatever is done with it. */
export function untouchable(target: object = {}): object {
  return new Proxy(target, traps);
}

export function revoked(target: object = {}): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** An error one of whose members throws when it is read. */
function withThorn(error: Error, name: string): Error {
  return Object.defineProperty(error, name, { get: boom, configurable: true });
}

function odd(name: string, value: unknown, error = new Error('odd')): Error {
  return Object.defineProperty(error, name, { value, configurable: true, enumerable: true });
}

function chain(length: number): Error {
  let error = new Error('innermost');
  for (let i = 0; i < length; i++) error = new Error(`level ${i}`, { cause: error });
  return error;
}

function loop(): Error {
  const one = new Error('one');
  one.cause = new Error('two', { cause: one });
  return one;
}

function nested(levels: number): AggregateError {
  let error = new AggregateError([new Error('leaf'), untouchable(), Symbol('s')], 'level 0');
  for (let i = 1; i < levels; i++) error = new AggregateError([error, error], `level ${i}`);
  return error;
}

function ownAggregate(): AggregateError {
  const error = new AggregateError([], 'own');
  error.errors.push(error);
  return error;
}

class Nameless {
  static get name(): never {
    return boom();
  }
  readonly data = 1;
}
class Oddly {
  static readonly name = {} as string;
  readonly data = () => 1;
}
class LateError extends Error {
  override get message(): string {
    return boom();
  }
}
const classes = { Nameless, Oddly };

const many = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i]));

/** By name; each is made when it is asked for. */
export const thrown: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['nothing in quotes', () => ''],
  ['text with NUL and half a character', () => 'a\0b\ud800'],
  ['NaN', () => NaN],
  ['-0', () => -0],
  ['a bigint', () => 2n ** 80n],
  ['false', () => false],
  ['a symbol', () => Symbol('a\0\udfff')],
  ['a well-known symbol', () => Symbol.toPrimitive],
  ['a function', () => boom],
  ['a class', () => Nameless],
  ['a frozen error', () => Object.freeze(new RangeError('frozen'))],
  ['a frozen object', () => Object.freeze({ a: Object.freeze({ b: 1 }) })],
  ['a proxy that throws', () => untouchable()],
  ['a proxy of an error that throws', () => untouchable(new Error('inside'))],
  ['a proxy of a function that throws', () => untouchable(boom)],
  ['a revoked proxy', () => revoked()],
  ['a revoked proxy of an error', () => revoked(new Error('inside'))],
  ['a revoked proxy of a list', () => revoked([])],
  ...[
    ...['message', 'stack', 'cause', 'name', 'code', 'details', 'nonRetryable', 'errors', 'constructor'],
    ...['toString', 'toJSON', 'then'],
  ].map((name) => [`an error whose ${name} throws`, () => withThorn(new Error('thorny'), name)] as const),
  ['an error whose prototype throws', () => new LateError()],
  ['an error named by a symbol', () => odd('name', Symbol('n'))],
  ['an error named by an object', () => odd('name', untouchable())],
  ['an error whose message is an object', () => odd('message', { toString: boom })],
  ['an error whose message is a bigint', () => odd('message', 7n)],
  ['an error whose stack is a function', () => odd('stack', boom)],
  ['an error whose code is an object', () => odd('code', { deep: [() => 1] })],
  ['an error whose code is a cycle', () => odd('code', loop())],
  ['an error whose details cannot be stored', () => odd('details', untouchable())],
  ['an error whose nonRetryable is an object', () => odd('nonRetryable', {})],
  ['an error whose cause is a proxy that throws', () => new Error('outer', { cause: untouchable() })],
  ['an error whose cause is a symbol', () => new Error('outer', { cause: Symbol('c') })],
  [
    'an error with a member __proto__',
    () => Object.assign(new Error('p'), JSON.parse('{"a":{"__proto__":1}}')),
  ],
  ['errors that cause each other', loop],
  ['causes of causes, five thousand', () => chain(5_000)],
  ['an AggregateError of AggregateErrors', () => nested(30)],
  ['an AggregateError of itself', ownAggregate],
  [
    'an AggregateError without its errors',
    () => Object.assign(new AggregateError([], 'x'), { errors: untouchable([]) }),
  ],
  ['a DOMException', () => new DOMException('gone', 'AbortError')],
  ['what says that it is an error', () => ({ [Symbol.toStringTag]: 'Error', name: 'E', message: 'm' })],
  ['an object without prototype', () => Object.assign(Object.create(null) as object, { message: 'bare' })],
  ['an object made of Error.prototype', () => Object.create(Error.prototype) as unknown],
  ['a thenable that throws', () => ({ then: boom })],
  ['a promise', () => Promise.resolve(1)],
  ['a promise that never settles', () => new Promise(() => undefined)],
  ['an instance of a class without a name', () => new classes.Nameless()],
  ['an instance of a class named by an object', () => new classes.Oddly()],
  ['an object with toJSON', () => ({ toJSON: boom })],
  [
    'a generator',
    () =>
      (function* () {
        yield 1;
      })(),
  ],
  ['a message of five million', () => new Error('x'.repeat(5_000_000))],
  ['a name of a million', () => odd('name', 'n'.repeat(1_000_000))],
  ['text of five million', () => 'y'.repeat(5_000_000)],
  ['an error of ten thousand members', () => Object.assign(new Error('many'), many(10_000))],
  ['a list of a milliard holes', () => new Array(1_000_000_000)],
  ['globalThis', () => globalThis],
  ...[
    new InvalidArgumentError('of ours', []),
    new PayloadError('of ours', 'a.b'),
    new QueryRejectedError('of ours'),
    new UpdateRejectedError('of ours'),
    new EngineClosedError(),
    new NondeterminismError('of ours', { deep: () => 1 }),
    new ForeignAwaitError('of ours'),
    new StorageError('storage_corrupt', 'of ours', { retryable: true, outcome: 'unknown' }),
    new ActivityError('of ours', { activityType: 'a', activityId: 'i', attempt: 1, kind: 'cancelled' }),
    new NonRetryableError('of ours', { details: () => 1 }),
    new CancelledError('of ours'),
  ].map((error) => [`a ${error.name} of the library`, () => error] as const),
  [
    'an error of the library whose code throws',
    () => withThorn(new InvalidArgumentError('thorny', []), 'code'),
  ],
  ['an error of the library whose code is an object', () => odd('code', {}, new PayloadError('odd', ''))],
  ['a proxy of an error of the library', () => new Proxy(new QueryRejectedError('inside'), { get: boom })],
  ['a proxy of a cancellation', () => new Proxy(new CancelledError('inside'), { getPrototypeOf: boom })],
];
