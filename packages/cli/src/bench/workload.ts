import { createEngine, defineActivity, defineWorkflow, type Engine, type Storage } from '@perdure/core';
import { stderrLogger } from '../stderr-logger.js';

/** What a backend is measured with. */
export interface Workload {
  /** Workflows, each with one activity that is given the payload and gives it back. */
  readonly tasks: number;
  /** So many are under way at any time. */
  readonly concurrency: number;
  /** Characters that each of them carries. */
  readonly payload: number;
}

/** What was measured. */
export interface Figures {
  /** From start to result, by the middle task and by the one that nineteen of twenty were faster than. Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  /** Tasks a second. */
  readonly throughput: number;
}

const echo = defineActivity('echo', (payload: string): string => payload);
const task = defineWorkflow('bench', (ctx, payload: string) => ctx.runActivity(echo, payload));

/** Before the clock runs, so that the code is compiled. */
const warmUp = 200;

export async function measure(storage: Storage, workload: Workload): Promise<Figures> {
  const engine = await createEngine({
    storage,
    workflows: [task],
    activities: [echo],
    maxConcurrentActivities: workload.concurrency,
    logger: stderrLogger,
  });
  try {
    await latencies(engine, { ...workload, tasks: Math.min(warmUp, workload.tasks) });
    const began = performance.now();
    const sorted = (await latencies(engine, workload)).sort((a, b) => a - b);
    const seconds = (performance.now() - began) / 1_000;
    return { p50: at(sorted, 0.5), p95: at(sorted, 0.95), throughput: workload.tasks / seconds };
  } finally {
    await engine.close();
  }
}

async function latencies(engine: Engine, { tasks, concurrency, payload }: Workload): Promise<number[]> {
  const carried = 'x'.repeat(payload);
  const taken: number[] = [];
  let left = tasks;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const began = performance.now();
      await engine.execute(task, carried);
      taken.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, tasks) }, lane));
  return taken;
}

function at(sorted: readonly number[], quantile: number): number {
  return sorted[Math.ceil(sorted.length * quantile) - 1] ?? Number.NaN;
}
