import { openStorage, suiteMode } from '#storage';
import {
  createClient,
  defineWorkflow,
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

/**
 * Runs a program again and again, each time with a crash around another commit: the first after `begin`, the second, and
 * so on, until a run of it comes to its end without. `check` says what must be true each time.
 */
export async function crashAtEachCommit(
  at: 'before-commit' | 'after-commit',
  options: TestEngineOptions,
  begin: (engine: TestEngine) => Promise<{ done: Promise<unknown>; check: () => Promise<void> }>,
): Promise<number> {
  for (let commits = 0; ; commits++) {
    let left = Infinity;
    let crashed: Promise<void> | undefined;
    const storage = counted(await openStorage(), () => {
      if (--left === 0) crashed = engine.crash({ at });
    });
    const engine = await open({ ...options, workflows: [...(options.workflows ?? []), tick], storage });
    const { done, check } = await begin(engine);
    if (commits === 0) crashed = engine.crash({ at });
    else left = commits;
    await done;
    // What comes after the result counts too; a crash may be waiting by then.
    await Promise.race([engine.runUntilIdle(), new Promise((resolve) => setTimeout(resolve, 100))]);
    left = Infinity;
    // Where the crash waits for one commit more than there is, this is it.
    if (crashed) void engine.start(tick).catch(() => undefined);
    await crashed;
    await engine.runUntilIdle();
    await check();
    await engine.close({ grace: 0 });
    if (!crashed) return commits;
  }
}

const tick = defineWorkflow('tick', async () => undefined);

/** Calls back at each commit of any handle, once it has been sent off. */
function counted(storage: Storage, onCommit: () => void): Storage {
  return {
    kind: storage.kind,
    open: async () => {
      const handle = await storage.open();
      return new Proxy(handle, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== 'function') return member;
          return (...args: unknown[]) => {
            if (name === 'commit') onCommit();
            return Reflect.apply(member, target, args) as unknown;
          };
        },
      });
    },
  };
}
