import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  createEngine,
  defineActivity,
  defineWorkflow,
  type ActivityDefinition,
  type ActivityError,
  type ActivityOptions,
  type Engine,
  type Logger,
} from '@perdure/core';
import type * as isolation from '@perdure/isolation';
import type { Isolation, IsolationOptions } from '@perdure/isolation';
import { memory } from '@perdure/memory';
import { build } from 'vite';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { sourceAliases } from '../../source-aliases.js';
import * as code from './isolated-activities.js';

const folder = mkdtempSync(join(tmpdir(), 'perdure-isolation-'));
let files = 0;
const newFile = () => join(folder, `${++files}.txt`);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

// Processes begin often here, and soon where they find JavaScript: built as the package is, beside their activities.
const entries = {
  index: '../../packages/isolation/src/index.ts',
  child: '../../packages/isolation/src/child.ts',
  'isolated-activities': './isolated-activities.ts',
  'isolated-host': './isolated-host.ts',
};
const built = (name: keyof typeof entries) => pathToFileURL(join(folder, `${name}.js`));
let createIsolation: typeof isolation.createIsolation;

beforeAll(async () => {
  const input = Object.entries(entries).map(([name, file]) => [name, join(import.meta.dirname, file)]);
  await build({
    configFile: false,
    logLevel: 'error',
    resolve: { alias: sourceAliases },
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: false,
      rollupOptions: {
        input: Object.fromEntries(input),
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
  ({ createIsolation } = (await import(built('index').href)) as typeof isolation);
});

const calls = defineWorkflow(
  'calls',
  (ctx, call: { type: string; input?: unknown; options?: ActivityOptions }) =>
    ctx.runActivity(call.type, call.input, call.options),
);

/** How an activity failed, as its workflow sees it. */
const tries = defineWorkflow(
  'tries',
  async (ctx, call: { type: string; input?: unknown; options?: ActivityOptions }) => {
    try {
      await ctx.runActivity(call.type, call.input, call.options);
    } catch (error) {
      const { attempt, kind, cause = {} } = error as ActivityError & { cause?: Thrown };
      const { name, message, code, details } = cause;
      return { attempt, kind, name, message, code, details, why: cause.cause?.message };
    }
    throw new Error('It has not failed');
  },
);
interface Thrown extends Partial<Error> {
  readonly code?: string;
  readonly details?: unknown;
  readonly cause?: Error;
}

interface Opened {
  readonly isolation: Isolation;
  readonly engine: Engine;
  readonly lines: string[];
  call(activity: ActivityDefinition<any, any>, input?: unknown, options?: ActivityOptions): Promise<unknown>;
}

async function open({
  maxPayloadBytes,
  ...options
}: IsolationOptions & { maxPayloadBytes?: number } = {}): Promise<Opened> {
  const lines: string[] = [];
  const log = (message: string, fields?: Record<string, unknown>) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const isolation = createIsolation(built('isolated-activities'), {
    processes: 2,
    killAfter: 200,
    execArgv: [],
    ...options,
  });
  const activities = Object.values(code).map((one) => isolation.activity<any, any>(one));
  const engine = await createEngine({
    storage: memory(),
    workflows: [calls, tries],
    activities,
    logger,
    ...(maxPayloadBytes !== undefined && { maxPayloadBytes }),
  });
  onTestFinished(async () => {
    await engine.close({ grace: 0 });
    await isolation.close();
  });
  return {
    isolation,
    engine,
    lines,
    call: (activity, input, given = {}) =>
      engine.execute(calls, { type: activity.name, input, options: given }),
  };
}

/** The call fails: what its workflow saw of the activity's error. */
async function failure(
  { engine }: Opened,
  activity: ActivityDefinition<any, any>,
  input?: unknown,
  options: ActivityOptions = {},
) {
  return engine.execute(tries, { type: activity.name, input, options });
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
const text = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const pidIn = async (file: string): Promise<number> => {
  await expect.poll(() => text(file), soon).toMatch(/\d+\n/);
  return Number(/\d+/.exec(text(file))?.[0]);
};
const soon = { timeout: 30_000, interval: 20 };

test('A27 an isolated activity runs in another process, with its values, its context and its log', async () => {
  const { call, lines } = await open();
  const value = {
    at: new Date(5),
    seen: new Map([[1n, new Set(['a'])]]),
    bytes: new Uint8Array([1, 2]),
    none: undefined,
  };
  const result = (await call(code.echo, value)) as Awaited<ReturnType<typeof code.echo.fn>>;
  expect(result.value).toEqual(value);
  expect(result.pid).not.toBe(process.pid);
  expect(result.info).toMatchObject({
    activityType: 'echo',
    workflowType: 'calls',
    attempt: 1,
    taskQueue: 'default',
  });
  expect(result.info.startedAt).toBeInstanceOf(Date);
  expect(result.idempotencyKey).toContain(result.info.activityId);
  expect(lines.find((line) => line.startsWith('echoed'))).toContain('"attempt":1');
});

test('A27 errors come back with name, code, details and cause; NonRetryableError keeps its meaning', async () => {
  const opened = await open();
  expect(await failure(opened, code.fails, 'typed')).toMatchObject({
    attempt: 3,
    name: 'RangeError',
    message: 'too far',
    code: 'far',
    why: 'why',
  });
  expect(await failure(opened, code.fails, 'final')).toMatchObject({
    attempt: 1,
    name: 'NeverError',
    details: { at: new Date(3) },
  });
  expect(await failure(opened, code.fails, 'unstorable')).toMatchObject({
    attempt: 1,
    code: 'payload_invalid',
  });
});

test('A27 heartbeats cross with their details, and the next attempt gets them', async () => {
  const { call } = await open();
  const file = newFile();
  expect(await call(code.beats, file, { heartbeatTimeout: '20s' })).toEqual(new Date(7));
  expect(text(file)).toBe('1 none\n2 7\n');
});

test.each<[string, ActivityOptions]>([
  ['its time is up', { startToCloseTimeout: '2s' }],
  ['a heartbeat is missing', { heartbeatTimeout: '2s' }],
])('A27 an endless loop is killed when %s, and the engine goes on meanwhile', async (_, options) => {
  const opened = await open({ processes: 1 });
  const pid = await opened.call(code.where);
  const file = newFile();
  const spinning = failure(opened, code.spin, file, options);
  expect(await pidIn(file)).toBe(pid);
  expect(lives(pid as number)).toBe(true);
  expect((await spinning).kind).toBe('timed_out');
  // The only process there may be is another one by now.
  expect(await opened.call(code.where)).not.toBe(pid);
  expect(lives(pid as number)).toBe(false);
});

test('A27 a cancelled activity is told why, and is killed only where it does not end', async () => {
  const { engine } = await open({ processes: 1 });
  const start = (activity: ActivityDefinition<any, any>, file: string) =>
    engine.start(calls, { type: activity.name, input: file });
  const told = newFile();
  const polite = await start(code.polite, told);
  const pid = await pidIn(told);
  await polite.cancel();
  await expect.poll(() => text(told), soon).toContain('activity_cancelled');
  expect(await engine.execute(calls, { type: 'where' })).toBe(pid);
  const file = newFile();
  const stubborn = await start(code.spin, file);
  expect(await pidIn(file)).toBe(pid);
  await stubborn.cancel();
  await expect.poll(() => lives(pid), soon).toBe(false);
});

test('A27 a process that crashes is a failed attempt, and the next one is made elsewhere', async () => {
  const opened = await open();
  expect(await opened.call(code.crashes)).toBe(3);
  const lost = await failure(opened, code.crashes, undefined, { retry: { maximumAttempts: 1 } });
  expect(lost).toMatchObject({ attempt: 1, code: 'process_lost' });
  expect(lost.message).toContain('SIGKILL');
});

test('A27 a process is used again, and replaced after so many attempts', async () => {
  const { call } = await open({ processes: 1, recycleAfter: 3 });
  const pids: unknown[] = [];
  for (let i = 0; i < 7; i++) pids.push(await call(code.where));
  const [a, , , b, , , c] = pids;
  expect(pids).toEqual([a, a, a, b, b, b, c]);
  expect(new Set(pids).size).toBe(3);
  expect([a, b].map((pid) => lives(pid as number))).toEqual([false, false]);
});

test('A27 no more processes than allowed: who waits has its turn, or is cancelled unbegun', async () => {
  const { call, engine } = await open({ processes: 2 });
  const pids = await Promise.all(Array.from({ length: 8 }, () => call(code.where)));
  expect(new Set(pids).size).toBeLessThanOrEqual(2);
  const running = [newFile(), newFile()];
  const two = await Promise.all(running.map((input) => engine.start(calls, { type: 'polite', input })));
  await Promise.all(running.map(pidIn));
  const never = newFile();
  const third = await engine.start(calls, { type: 'polite', input: never });
  await third.cancel();
  await third.result().catch(() => undefined);
  await Promise.all(two.map((handle) => handle.cancel()));
  await expect.poll(() => running.every((file) => text(file).includes('cancelled')), soon).toBe(true);
  expect(await call(code.where)).toSatisfy((pid) => pids.includes(pid));
  expect(text(never)).toBe('');
});

test('A27 how large a value may be is for the engine to say: a heartbeat beyond it fails the attempt, and no more', async () => {
  const strict = await open({ processes: 1, maxPayloadBytes: 1_000 });
  const before = await strict.call(code.where);
  expect(await failure(strict, code.shouts, 5_000)).toMatchObject({ attempt: 1, code: 'payload_too_large' });
  expect(await strict.call(code.where)).not.toBe(before);
  const generous = await open({ processes: 1, maxPayloadBytes: 8_000_000 });
  expect(await generous.call(code.measures, 'x'.repeat(4_000_000))).toBe(4_000_000);
});

test('A27 an attempt that is left to somebody else is no failure', async () => {
  const { engine } = await open();
  const file = newFile();
  const handle = await engine.start(calls, { type: 'later', input: file });
  await expect.poll(() => text(file), soon).not.toBe('');
  await expect
    .poll(
      () =>
        engine.activities.complete(text(file), 'by hand').then(
          () => 'done',
          () => 'not yet',
        ),
      soon,
    )
    .toBe('done');
  expect(await handle.result()).toBe('by hand');
});

test('A27 what the module does not have, or cannot do, fails with what to do', async () => {
  const { isolation } = await open();
  const stray = defineActivity('stray', { retry: { maximumAttempts: 2, initialInterval: 1 } }, async () => 1);
  const gone = join(folder, 'nothing-here.mjs');
  writeFileSync(gone, '');
  const broken = createIsolation(pathToFileURL(gone), { execArgv: [] });
  rmSync(gone);
  const engine = await createEngine({
    storage: memory(),
    workflows: [tries],
    activities: [isolation.activity(stray), broken.activity(code.where)],
  });
  const unknown = await engine.execute(tries, { type: 'stray' });
  expect(unknown).toMatchObject({ attempt: 1, code: 'unknown_activity' });
  expect(unknown.message).toContain('echo');
  const missing = await engine.execute(tries, { type: 'where', options: { retry: { maximumAttempts: 1 } } });
  expect(missing.message).toContain('nothing-here.mjs');
  await engine.close();
  await broken.close();
});

test('A27 options that mean nothing are refused', () => {
  const here = new URL(import.meta.url);
  const wrong: [string, unknown, object][] = [
    ['module', './isolated-activities.js', {}],
    ['module', new URL('file:///none.mjs'), {}],
    ['processes', here, { processes: 0 }],
    ['recycleAfter', here, { recycleAfter: -1 }],
    ['proceses', here, { proceses: 2 }],
  ];
  for (const [path, url, options] of wrong) {
    const error: unknown = (() => {
      try {
        return createIsolation(url as URL, options);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'invalid_argument', issues: [{ path }] });
  }
});

test('A27 what is no activity is refused', async () => {
  const { isolation } = await open();
  expect(() => isolation.activity(5 as never)).toThrow(
    expect.objectContaining({ code: 'invalid_argument' }) as Error,
  );
});

test('A27 close leaves no process, kills what spins, and refuses what comes after', async () => {
  const { isolation, engine, call } = await open();
  const file = newFile();
  const idle = (await call(code.where)) as number;
  await engine.start(calls, { type: 'spin', input: file });
  const spinning = await pidIn(file);
  await engine.close({ grace: 0 });
  await isolation.close();
  expect([idle, spinning].map(lives)).toEqual([false, false]);
  await isolation.close();
  const context = { signal: new AbortController().signal } as never;
  await expect(isolation.activity(code.where).fn(undefined, context)).rejects.toMatchObject({
    code: 'isolation_closed',
  });
});

test('A27 a process without work ends by itself, and the next attempt gets another', async () => {
  const { call } = await open({ idleTimeout: 50 });
  const pid = (await call(code.where)) as number;
  await expect.poll(() => lives(pid), soon).toBe(false);
  expect(await call(code.where)).not.toBe(pid);
});

test('A27 a killed engine leaves no orphan: neither one that rests nor one that never yields', async () => {
  const file = newFile();
  const host = fork(built('isolated-host'), [file], { execArgv: [] });
  const [idle] = (await once(host, 'message')) as [number];
  const spinning = await pidIn(file);
  expect([idle, spinning].map(lives)).toEqual([true, true]);
  host.kill('SIGKILL');
  await expect.poll(() => [idle, spinning].map(lives), soon).toEqual([false, false]);
});
