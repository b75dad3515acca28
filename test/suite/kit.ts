import { openStorage, suiteMode } from '#storage';
import {
  createClient,
  type Client,
  type ClientOptions,
  type Clock,
  type Logger,
  type Storage,
  type WorkflowHandle,
} from '@perdure/core';
import { createTestEngine, type TestEngine, type TestEngineOptions } from '@perdure/testing';
import { onTestFinished } from 'vitest';

/** What was logged, and nothing on the console. */
export interface LogBook extends Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: unknown }[];
}

export function logBook(): LogBook {
  const lines: LogBook['lines'] = [];
  const at = (level: string) => (message: string, fields?: unknown) => {
    lines.push({ level, message, fields });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A test engine on the project's storage and in its mode, closed when the test ends. */
export async function open(options: TestEngineOptions = {}): Promise<TestEngine> {
  const storage = options.storage ?? (await openStorage());
  const engine = await createTestEngine({ logger: logBook(), ...suiteMode, ...options, storage });
  onTestFinished(() => engine.close({ grace: 0 }));
  return engine;
}

/** A client without a worker on the same storage, which goes by the engine's clock. Closed when the test ends. */
export async function clientOf(
  engine: TestEngine,
  storage: Storage,
  options: Partial<ClientOptions> = {},
): Promise<Client> {
  const clock: Clock = {
    now: () => engine.now.getTime(),
    setTimer: (at, callback, kind) => {
      const timer = setInterval(() => {
        if (kind === 'foreground' && engine.now.getTime() < at) return;
        clearInterval(timer);
        callback();
      }, 10);
      return () => clearInterval(timer);
    },
  };
  const client = await createClient({ logger: logBook(), ...options, storage, clock });
  onTestFinished(() => client.close());
  return client;
}

/** What a promise rejects with, which must be of that type. */
export async function rejection<E extends Error>(
  type: abstract new (...args: never[]) => E,
  promise: Promise<unknown>,
): Promise<E> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof type) return error;
    throw new Error(`Expected a ${type.name}, not ${String(error)}`, { cause: error });
  }
  throw new Error(`Expected a ${type.name}, but it resolved to ${String(value)}`);
}

export interface Gate<T> {
  readonly passed: Promise<T>;
  pass(value: T): void;
}

/** A promise that the test resolves, or waits for. */
export function gate<T = void>(): Gate<T> {
  let pass!: (value: T) => void;
  const passed = new Promise<T>((resolve) => {
    pass = resolve;
  });
  return { passed, pass };
}

/** The code of an activity that hangs until it is told to stop, and gives the reason. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });
}

/** The types of a run's events, in order. */
export async function eventTypes(handle: Pick<WorkflowHandle, 'history'>): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of handle.history()) types.push(type);
  return types;
}

/** The stable code of an error, whatever it is. */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code;
}

/** Crashes after each of so many commits, then once more around the next; or until something is done, if that is sooner. */
export async function crashAfter(
  engine: TestEngine,
  commits: number,
  at: 'before-commit' | 'after-commit',
  done: Promise<unknown>,
): Promise<void> {
  const over = done.then(
    () => true,
    () => true,
  );
  for (let i = 0; i <= commits; i++) {
    const crashed = engine.crash({ at: i < commits ? 'after-commit' : at }).then(() => false);
    if (await Promise.race([crashed, over])) return;
  }
}
