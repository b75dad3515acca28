// A process of its own, started with --expose-gc: does much for long, and tells how much it holds meanwhile.
import { readdirSync, statSync } from 'node:fs';
import { queryObjects } from 'node:v8';
import {
  createClient,
  createEngine,
  defineActivity,
  defineWorkflow,
  query,
  signal,
  type Engine,
} from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { firstValueFrom } from 'rxjs';

/** What a process holds, its garbage collected. */
export interface Sample {
  /** Workflows that have ended so far, children not counted. */
  readonly runs: number;
  /** Bytes. */
  readonly heap: number;
  /** Timers, sockets and the like; and open files, where the system tells. */
  readonly handles: number;
  readonly files: number;
  /** Bytes of the write-ahead log. */
  readonly log: number;
  /** Runs in the engine's memory. */
  readonly cached: number;
}

export interface Sleep {
  /** Objects that the code of sleeping workflows holds on to, and bytes of heap per sleeper. */
  readonly frames: number;
  readonly heapEach: number;
  /** Whether all of them have woken up as if they had been there all the time. */
  readonly woke: boolean;
}

const settled = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    globalThis.gc?.();
  }
};

const tell = (message: Sample | Sleep): Promise<void> =>
  new Promise((resolve) => process.send?.(message, () => resolve()));

const double = defineActivity('double', (n: number) => n * 2);
const child = defineWorkflow('child', async (ctx, n: number) => {
  await ctx.sleep(1);
  return ctx.runActivity(double, n);
});
const parent = defineWorkflow(
  'parent',
  { messages: { more: signal<number>(), asked: query<number>() } },
  async (ctx, n: number) => {
    ctx.onQuery('asked', () => n);
    ctx.setState({ n });
    const [twice, four, more] = await ctx.all([
      ctx.runActivity(double, n),
      ctx.runChild(child, n * 2),
      ctx.waitSignal('more'),
    ]);
    if (n % 10 === 0) throw new Error('One in ten fails');
    return twice + four + more;
  },
);

/** What the code of a sleeping workflow holds. */
class Frame {
  readonly numbers = Array.from({ length: 1_000 }, (_, n) => n + Math.random());
}
const sleeper = defineWorkflow('sleeper', { messages: { wake: signal<number>() } }, async (ctx) => {
  const frame = new Frame();
  await ctx.race({ woken: ctx.waitSignal('wake'), slept: ctx.sleep('30d') });
  return frame.numbers.length;
});

async function use(engine: Engine, n: number): Promise<void> {
  const handle = await engine.start(parent, n, { requestId: `start-${n}` });
  const seen: number[] = [];
  const watching = handle.history$().forEach(({ seq }) => void seen.push(seq));
  await handle.query('asked');
  await handle.signal('more', 1, { id: 'more' });
  await handle.result().catch(() => undefined);
  await watching;
}

async function soak(file: string, runs: number): Promise<void> {
  const engine = await createEngine({
    storage: sqlite(file),
    workflows: [parent, child],
    activities: [double],
  });
  const other = await createClient({ storage: sqlite(file) });
  const most = 50;
  const every = Math.max(most, Math.floor(runs / 40));
  for (let done = 0; done < runs;) {
    const next = Math.min(runs, done + every);
    let n = done;
    await Promise.all(
      Array.from({ length: most }, async () => {
        while (n < next) await use(engine, n++);
      }),
    );
    done = next;
    // The store remembers where up to 10,000 runs stand for as long as nobody else writes: now somebody does.
    await other.execute(child.name, done);
    await settled();
    const { cached } = await firstValueFrom(engine.worker.status$);
    await tell({
      runs: done,
      heap: process.memoryUsage().heapUsed,
      handles: process.getActiveResourcesInfo().length,
      files: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
      log: statSync(`${file}-wal`).size,
      cached,
    });
  }
  await other.close();
  await engine.close();
}

async function sleep(file: string, sleepers: number): Promise<void> {
  const engine = await createEngine({ storage: sqlite(file), workflows: [sleeper], maxCachedWorkflows: 10 });
  const begin = (n: number): Promise<unknown> => engine.start(sleeper, undefined, { id: `sleeper-${n}` });
  const asleep = (): Promise<number> => engine.count({ workflowType: 'sleeper', status: 'waiting' });
  // What the first ones bring into memory is there once.
  for (let n = 0; n < 100; n++) await begin(n);
  while ((await asleep()) < 100) await settled();
  await settled();
  const before = process.memoryUsage().heapUsed;
  for (let n = 100; n < sleepers; n++) await begin(n);
  while ((await asleep()) < sleepers) await settled();
  await settled();
  const heapEach = (process.memoryUsage().heapUsed - before) / (sleepers - 100);
  const frames = queryObjects(Frame, { format: 'count' });
  const results: number[] = [];
  for (let n = 0; n < sleepers; n++) {
    const handle = engine.handle(sleeper, `sleeper-${n}`);
    await handle.signal('wake', 1, { id: 'wake' });
    results.push(await handle.result());
  }
  await engine.close();
  await tell({ frames, heapEach, woke: results.every((length) => length === 1_000) });
}

const [what, file, count] = process.argv.slice(2) as [string, string, string];
await (what === 'sleep' ? sleep(file, Number(count)) : soak(file, Number(count)));
process.disconnect();
