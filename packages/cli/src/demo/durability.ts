import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createClient, type WorkflowHandle } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { table, type Output } from '../output.js';
import { Refusal } from '../refusal.js';
import { stderrLogger } from '../stderr-logger.js';
import { demoWorkerName } from './demo-worker.js';
import { deadlyEffect, effects } from './durable-order.js';
import { OutsideWorld } from './outside-world.js';

/** Kills a worker at the worst moment, and lets another one finish. Resolves to whether every effect happened once. */
export async function demonstrateDurability(folder: string, output: Output): Promise<boolean> {
  const store = join(folder, 'demo.sqlite');
  const world = new OutsideWorld(folder);
  const client = await createClient({ storage: sqlite(store), logger: stderrLogger });
  const workers: ChildProcess[] = [];
  const hire = async (): Promise<ChildProcess> => {
    const worker = await hired(store, folder);
    workers.push(worker);
    return worker;
  };
  try {
    const handle = await client.start('durable-order');
    output.line(`A workflow of ${effects.length} steps is in the store, and nobody works on it yet.`);
    const first = await hire();
    output.line(`Worker 1 starts (process ${String(first.pid)}).`);
    await midway(handle);
    await killed(first);
    output.line(
      `Worker 1 was killed (SIGKILL): "${deadlyEffect}" is done outside, and nothing of that is recorded.`,
    );
    const second = await hire();
    output.line(`Worker 2 starts (process ${String(second.pid)}) and goes on where the history ends.`);
    const performed: unknown = await handle.result({ timeout: '60s' });
    const counts = effects.map((effect) => ({ effect, ...world.count(effect) }));
    output.line();
    const rows = counts.map(({ effect, asked, done }) => [effect, `${asked}×`, `${done}×`]);
    for (const line of table(['EFFECT', 'ASKED FOR', 'DONE'], rows)) output.line(line);
    output.line();
    const once = performed === effects.length && counts.every(({ done }) => done === 1);
    output.line(
      once ? 'The workflow finished, and each effect happened once.' : 'An effect is missing or doubled.',
    );
    return once;
  } finally {
    for (const worker of workers) await dismissed(worker);
    await client.close();
  }
}

/** When the effect has happened outside, and its activity has not said so yet. */
async function midway(handle: WorkflowHandle): Promise<void> {
  for await (const [activity] of handle.activities$) if (activity?.lastHeartbeat !== undefined) return;
}

async function hired(store: string, folder: string): Promise<ChildProcess> {
  const worker = fork(process.argv[1] ?? '', [demoWorkerName, store, folder]);
  const ended = once(worker, 'exit').then(() => {
    throw new Refusal('The worker of the demonstration ended before it could begin');
  });
  ended.catch(() => undefined); // once it is ready, that it ends is no news
  await Promise.race([once(worker, 'message'), ended]);
  return worker;
}

async function killed(worker: ChildProcess): Promise<void> {
  const exit = once(worker, 'exit');
  worker.kill('SIGKILL');
  await exit;
}

async function dismissed(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const exit = once(worker, 'exit');
  if (worker.connected) worker.disconnect();
  await exit;
}
