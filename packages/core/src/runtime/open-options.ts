import { ArgumentCheck } from '../model/argument-check.js';
import { isValidId } from '../model/ids.js';
import type { PayloadCodec } from '../codec/byte-codecs.js';
import type { Storage } from '../storage/port.js';
import type { Clock } from './clock.js';
import type { Logger } from './core.js';
import type { Interceptor } from './interceptor.js';

/** What opens a client. */
export interface CoreOptions {
  /** What an adapter made: `memory()`, `sqlite('app.db')`, `indexedDb('app')` … */
  storage: Storage;
  /** Keeps the workflows of several tenants of one store apart. Default `default`. */
  namespace?: string;
  /** Between user values and stored bytes, such as encryption. The last one writes; all of them read. Default none. */
  codecs?: readonly PayloadCodec[];
  /** Largest value in history, in bytes as encoded. Default 2 MiB; a warning is logged at 80 %. */
  maxPayloadBytes?: number;
  /** Where the engine reports. Default: warnings and errors to the console. */
  logger?: Logger;
  /** Stand around starts, activations, attempts and queries, for traces and the like; the first is the outermost. Default none. */
  interceptors?: readonly Interceptor[];
  /** Time as the engine sees it. Default: that of the host. */
  clock?: Clock;
}

const coreOptions: readonly (keyof CoreOptions)[] = [
  'storage',
  'namespace',
  'codecs',
  'maxPayloadBytes',
  'logger',
  'interceptors',
  'clock',
];

type Given = Partial<Record<string, unknown>>;

export const idGrammar = "must be 1 to 191 letters, digits, '.', '_', '-', ':'";

/** Throws `InvalidArgumentError` with a path for each thing wrong. */
export function checkCoreOptions(options: CoreOptions, others: readonly string[] = []): void {
  const check = new ArgumentCheck();
  const given = options as unknown as Given | null | undefined;
  if (typeof given !== 'object' || given === null) {
    check.require(false, '', 'must be an object with a storage');
    check.done(cannotOpen);
    return;
  }
  check.known(given, [...coreOptions, ...others]);
  const { storage, namespace, codecs, maxPayloadBytes, logger, interceptors, clock } = given;
  check.require(
    has(storage, 'kind', 'string') && has(storage, 'open', 'function'),
    'storage',
    'must be what an adapter made: memory() of @perdure/memory, sqlite() of @perdure/sqlite, or indexedDb() of @perdure/indexeddb',
  );
  check.require(namespace === undefined || isValidId(namespace), 'namespace', idGrammar);
  check.require(
    maxPayloadBytes === undefined ||
      (Number.isSafeInteger(maxPayloadBytes) && (maxPayloadBytes as number) > 0),
    'maxPayloadBytes',
    'must be a positive whole number',
  );
  check.require(
    codecs === undefined || (Array.isArray(codecs) && codecs.every(isCodec)),
    'codecs',
    'must be a list of codecs with an id, encode and decode',
  );
  check.require(
    logger === undefined ||
      ['debug', 'info', 'warn', 'error'].every((level) => has(logger, level, 'function')),
    'logger',
    'must have debug, info, warn and error',
  );
  check.require(
    interceptors === undefined || (Array.isArray(interceptors) && interceptors.every(isInterceptor)),
    'interceptors',
    `must be a list of objects with some of ${hooks.join(', ')}, each a function`,
  );
  check.require(
    clock === undefined || (has(clock, 'now', 'function') && has(clock, 'setTimer', 'function')),
    'clock',
    'must have now and setTimer',
  );
  check.done(cannotOpen);
}

const cannotOpen = 'The engine or client cannot be opened';

function isCodec(codec: unknown): boolean {
  return has(codec, 'id', 'string') && has(codec, 'encode', 'function') && has(codec, 'decode', 'function');
}

const hooks: readonly (keyof Interceptor)[] = ['headers', 'activation', 'activity', 'query'];

function isInterceptor(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const given = hooks.filter((name) => (value as Given)[name] !== undefined);
  return given.length > 0 && given.every((name) => has(value, name, 'function'));
}

function has(value: unknown, name: string, type: 'string' | 'function'): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Given)[name] === type;
}
