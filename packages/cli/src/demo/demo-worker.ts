import { createEngine } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { stderrLogger } from '../stderr-logger.js';
import { durableOrder } from './durable-order.js';
import { OutsideWorld } from './outside-world.js';

/** First argument of a worker of the demonstration. */
export const demoWorkerName = 'demo-worker';

/** Works until it is killed, or the demonstration is over. Resolves to the exit code. */
export async function demoWorker([store = '', folder = '']: readonly string[]): Promise<number> {
  process.on('SIGINT', () => undefined);
  const over = new Promise((resolve) => process.on('disconnect', resolve));
  const engine = await createEngine({
    storage: sqlite(store),
    ...durableOrder(new OutsideWorld(folder)),
    logger: stderrLogger,
  });
  process.send?.('ready');
  await over;
  await engine.close({ grace: '1s' });
  return 0;
}
