import { createEngine } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { loadDefinitions } from '../modules.js';
import { sentenceOf } from '../refusal.js';
import { stderrLogger } from '../stderr-logger.js';
import type { WorkerPlan, WorkerReport } from './plan.js';
import { ticking } from './ticking-storage.js';

/** First argument of a process that the supervisor starts. */
export const workerProcessName = 'worker-process';

/** Works until its supervisor tells it to stop, or is gone. Resolves to the exit code. */
export async function workerProcess([plan = '{}']: readonly string[]): Promise<number> {
  const stop = deferred<number>();
  // Ctrl-C reaches every process of a terminal; when to stop is the supervisor's decision.
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  // Of its own accord it would be a death that the supervisor makes good.
  process.on('SIGTERM', () => {
    stop.resolve(143);
  });
  process.on('message', () => {
    stop.resolve(0);
  });
  process.on('disconnect', () => {
    stop.resolve(1);
  });
  try {
    const engine = await openEngine(JSON.parse(plan) as WorkerPlan, () => {
      stop.resolve(0);
    });
    const status = engine.worker.status$.subscribe(({ state }) => {
      if (state === 'failed') stop.resolve(1);
    });
    await report({ kind: 'ready' });
    const exitCode = await stop.promise;
    status.unsubscribe();
    await engine.close();
    return exitCode;
  } catch (error) {
    await report({ kind: 'unable', sentence: sentenceOf(error) });
    return 1;
  }
}

async function openEngine(plan: WorkerPlan, done: () => void): ReturnType<typeof createEngine> {
  const { store, namespace, modules, taskQueues, buildId, tickMs, batch, iterations = Infinity } = plan;
  let ticks = 0;
  const storage = ticking(sqlite(store), tickMs, () => {
    if (++ticks >= iterations) done();
  });
  return createEngine({
    storage,
    ...(await loadDefinitions(modules)),
    taskQueues,
    identity: `perdure-worker-${process.pid}`,
    maxConcurrentActivities: batch,
    logger: stderrLogger,
    ...(namespace !== undefined && { namespace }),
    ...(buildId !== undefined && { buildId }),
  });
}

/** Resolves once it is on its way; a supervisor that is gone hears nothing. */
async function report(what: WorkerReport): Promise<void> {
  await new Promise((sent) => {
    if (process.connected) process.send?.(what, undefined, undefined, sent);
    else sent(undefined);
  });
}

function deferred<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
