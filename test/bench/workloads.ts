import {
  createEngine,
  defineActivity,
  defineWorkflow,
  replay,
  type Engine,
  type Logger,
  type Storage,
  type WorkflowHandle,
} from '@perdure/core';

/** The workloads of the benchmark, the same in Node and in a page. */
export interface Figure {
  readonly workload: string;
  readonly value: number;
  readonly unit: 'steps/s' | 'activities/s' | 'workflows/s' | 'ms' | 'µs/event' | 'ratio';
}

const add = defineActivity('add', ({ sum, by }: { sum: number; by: number }) => sum + by);

const sequential = defineWorkflow('sequential', async (ctx, steps: number) => {
  let sum = 0;
  for (let i = 0; i < steps; i++) sum = await ctx.runActivity(add, { sum, by: 1 });
  return sum;
});
const parallel = defineWorkflow('parallel', async (ctx, steps: number) => {
  const results = await ctx.all(
    Array.from({ length: steps }, (_, i) => ctx.runActivity(add, { sum: i, by: 1 })),
  );
  return results.length;
});
const long = defineWorkflow('long', async (ctx, steps: number) => {
  let sum = 0;
  for (let i = 0; i < steps; i++) sum = await ctx.runActivity(add, { sum, by: 1 });
  await ctx.waitSignal('go');
  return sum;
});

const nothing = (): void => undefined;
/** Long histories are meant here. */
const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error: console.error };
const code = { workflows: [sequential, parallel, long], activities: [add], logger };

export async function runWorkloads(
  fresh: () => Storage | Promise<Storage>,
  scale: number,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  const storage = await fresh();
  const note = (workload: string, value: number, unit: Figure['unit']): void => {
    figures.push({ workload, value, unit });
  };
  const engine = await createEngine({ storage, ...code });
  for (let i = 0; i < 5; i++) await sequentialSteps(engine, Math.round(1_000 * scale)); // compiled by now

  const cost = new Map<number, number>();
  for (const steps of [100, 1_000, 5_000].map((n) => Math.round(n * scale))) {
    const rate = await median(3, () => sequentialSteps(engine, steps));
    cost.set(steps, 1 / rate);
    note(`W1 one workflow, ${steps} steps`, rate, 'steps/s');
  }
  const [, middle = 1, last = 1] = [...cost.values()];
  note('W1 cost of a step, longest against middle', last / middle, 'ratio');

  const many = Math.round(1_000 * scale);
  note(`W2 ${many} workflows of 10 steps`, await median(3, () => manyWorkflows(engine, many, 10)), 'steps/s');

  const latencies: number[] = [];
  for (let i = 0; i < 200 * scale; i++) latencies.push(await timed(() => engine.execute(sequential, 1)));
  latencies.sort((a, b) => a - b);
  note('W3 start to result, p50', at(latencies, 0.5), 'ms');
  note('W3 start to result, p95', at(latencies, 0.95), 'ms');
  note('W3 20 workflows, 10 in flight', await median(5, () => tenInFlight(engine)), 'workflows/s');

  const wide = Math.round(1_000 * scale);
  note(
    `W4 one workflow, ${wide} activities at once`,
    await median(3, () => atOnce(engine, wide)),
    'activities/s',
  );

  // At any scale: of a shorter history, what comes before and after its replay is measured.
  const waiting = await Promise.all([1, 2, 3, 4, 5, 6].map(() => engine.start(long, 5_000)));
  for (const handle of waiting) await until(async () => (await handle.describe()).status === 'waiting');
  const bundle = await (waiting[0] as (typeof waiting)[number]).exportHistory();
  await engine.close();
  const { length } = bundle.events;
  const another = await createEngine({ storage, ...code });
  const left = waiting.map(({ workflowId }) => another.handle(long, workflowId));
  const first = await timed(() => resume(left.pop()));
  const resumed = await median(left.length, () => timed(() => resume(left.pop())));
  note(`W5 resume of a run with ${length} events, the first`, (first * 1_000) / length, 'µs/event');
  note('W5 resume, median of the next', (resumed * 1_000) / length, 'µs/event');
  const replayed = await median(3, () => timed(() => replay(code.workflows, bundle)));
  note(`W5 replay of its exported history, digest checked`, (replayed * 1_000) / length, 'µs/event');
  await another.close();
  return figures;
}

/** What ends the wait makes the engine, which has never seen the run, replay it to its end. */
async function resume(handle: WorkflowHandle<number> | undefined): Promise<void> {
  await handle?.signal('go');
  await handle?.result();
}

async function sequentialSteps(engine: Engine, steps: number): Promise<number> {
  return steps / ((await timed(() => engine.execute(sequential, steps))) / 1_000);
}

async function manyWorkflows(engine: Engine, count: number, steps: number): Promise<number> {
  const ms = await timed(() =>
    Promise.all(Array.from({ length: count }, () => engine.execute(sequential, steps))),
  );
  return (count * steps) / (ms / 1_000);
}

async function tenInFlight(engine: Engine): Promise<number> {
  let left = 20;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await engine.execute(sequential, 1);
  };
  return 20 / ((await timed(() => Promise.all(Array.from({ length: 10 }, lane)))) / 1_000);
}

async function atOnce(engine: Engine, count: number): Promise<number> {
  return count / ((await timed(() => engine.execute(parallel, count))) / 1_000);
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export async function median(runs: number, measure: () => Promise<number>): Promise<number> {
  const seen: number[] = [];
  for (let i = 0; i < runs; i++) seen.push(await measure());
  return at(
    seen.sort((a, b) => a - b),
    0.5,
  );
}

function at(sorted: readonly number[], quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}
