// A worker of the example, in a process of its own: `worker.ts <store> <ledger folder>`. It knows nothing of orders in
// flight; it finds them in the store.
import { createEngine } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { orderActivities } from './activities.js';
import { fileLedger } from './file-ledger.js';
import { order } from './workflow.js';

const [store, folder] = process.argv.slice(2);
if (store === undefined || folder === undefined) throw new Error('Usage: worker.ts <store> <ledger folder>');

const engine = await createEngine({
  storage: sqlite(store),
  workflows: [order],
  activities: orderActivities(await fileLedger(folder)),
});

// Ctrl-C reaches every process of the terminal; when to stop is the parent's decision.
process.on('SIGINT', () => undefined);
// The parent lets go of the channel, or has died.
process.on('disconnect', () => {
  void engine.close({ grace: '1s' });
});
process.send?.('ready');
