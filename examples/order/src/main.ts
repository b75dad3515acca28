// npm start: an order whose worker is killed twice, watched from a process that only has a client.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type PendingActivity } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { filter, firstValueFrom, map } from 'rxjs';
import { fileLedger } from './file-ledger.js';
import { liveView } from './live-view.js';
import { Terminal } from './terminal.js';
import { WorkerProcess } from './worker-process.js';
import { inShort, narrator } from './words.js';
import { order } from './workflow.js';

const terminal = new Terminal(process.stdout);
const folder = await mkdtemp(join(tmpdir(), 'perdure-order-'));
const store = join(folder, 'orders.db');
const ledgerFolder = join(folder, 'ledger');
const client = await createClient({ storage: sqlite(store) });
let worker: WorkerProcess | undefined;
let workers = 0;
let leaving = false;

async function hireWorker(): Promise<void> {
  if (leaving) return;
  workers += 1;
  worker = await WorkerProcess.start(store, ledgerFolder);
  const verb = workers === 1 ? 'starts' : 'has resumed the order';
  terminal.headline(`\u25B8 Worker ${workers} (process ${worker.pid ?? '?'}) ${verb}`);
}

async function killWorker(during: PendingActivity): Promise<void> {
  await worker?.kill();
  worker = undefined;
  terminal.headline(
    `\u2717 Worker ${workers} was killed (SIGKILL) in the middle of "${during.activityType}": ` +
      'it is done outside, and nothing of that is recorded yet',
  );
}

async function story(): Promise<boolean> {
  const input = { item: 'lamp', quantity: 2, price: 45 };
  const handle = await client.start(order, input, { id: 'order-1042' });
  terminal.headline(
    `\u25B8 Order ${handle.workflowId} is recorded: ${inShort(input)}. Nobody works on it yet`,
  );
  const view = liveView(handle).subscribe({ next: (lines) => terminal.draw(lines), error: () => undefined });

  /** When an activity has had its effect outside, and has not said so yet: the worst moment to die. */
  const inTheMiddleOf = (activityType: string): Promise<PendingActivity> =>
    firstValueFrom(
      handle.activities$.pipe(
        map((activities) => activities.find((one) => one.activityType === activityType)),
        filter((one) => one?.state === 'started' && one.lastHeartbeat !== undefined),
        map((one) => one as PendingActivity),
      ),
    );

  await hireWorker();
  await killWorker(await inTheMiddleOf('charge'));
  await hireWorker();

  await firstValueFrom(
    handle.state$.pipe(
      filter(({ waitingFor }) =>
        waitingFor.some((wait) => wait.kind === 'signal' && wait.name === 'approve'),
      ),
    ),
  );
  await handle.signal('approve', { by: 'Ada' });
  terminal.headline('\u25B8 Ada has approved');

  await killWorker(await inTheMiddleOf('pack'));
  await hireWorker();

  const result = await handle.result({ timeout: '30s' });
  view.unsubscribe();
  terminal.settle();
  terminal.headline(`\u2713 Order ${handle.workflowId} is completed: ${inShort(result, 200)}`);

  terminal.headline('History: what is recorded, and all that a worker needs to go on');
  const narrate = narrator();
  const rows: string[][] = [];
  for await (const event of handle.history()) {
    const { seq, after, type, about } = narrate(event);
    rows.push([String(seq), after, type, about]);
  }
  terminal.table(['#', 's', 'event', 'about'], rows);

  terminal.headline('Ledger: what happened outside');
  const ledger = await (await fileLedger(ledgerFolder)).read(handle.workflowId);
  terminal.table(
    ['effect', 'asked for', 'last attempt', 'done'],
    ledger.map(({ effect, asked, attempt, done }) => [
      effect,
      `${asked}\u00D7`,
      String(attempt),
      `${done}\u00D7`,
    ]),
  );
  const once = ledger.length === 5 && ledger.every(({ done }) => done === 1);
  terminal.headline(
    once ? '\u2713 Each effect happened exactly once' : '\u2717 An effect is missing or doubled',
  );
  return once;
}

async function cleanUp(): Promise<void> {
  leaving = true;
  terminal.settle();
  await worker?.stop();
  await client.close();
  await rm(folder, { recursive: true, force: true });
}

const interrupted = new Promise<never>((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => reject(new Error(`Interrupted by ${signal}`)));
  }
});

try {
  process.exitCode = (await Promise.race([story(), interrupted])) ? 0 : 1;
} catch (error) {
  terminal.headline(`\u2717 ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
