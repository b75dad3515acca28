import type { StorageHandle } from '@perdure/core/storage';
import { advance, all, claimAll, insert } from './records.testkit.js';
import { sqlite } from './sqlite.js';

// Another process on the same file. It says what it has done on standard output, one JSON value a line.
const [, , task = '', path = '', name = ''] = process.argv;

const say = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

/** Appends to two runs in one batch for ever, and counts what was acknowledged. */
async function pairs(handle: StorageHandle): Promise<never> {
  await handle.commit(all([insert(`${name}-a`, []), insert(`${name}-b`, [])]));
  for (let seq = 0; ; seq++) {
    const event = [`${name} ${seq} ${'x'.repeat(seq % 3_000)}`];
    await handle.commit(all([advance(`${name}-a`, seq, event), advance(`${name}-b`, seq, event)]));
    say(seq + 1);
  }
}

/** Adds to a number that all processes share, by comparing and setting, until it is told to stop. */
async function count(handle: StorageHandle): Promise<void> {
  let stop = false;
  process.stdin.once('data', () => (stop = true));
  say('ready');
  let added = 0;
  while (!stop) {
    const value = (await handle.readKey('default', 'sum'))?.value ?? null;
    const record = { namespace: 'default', key: 'sum', value: String(Number(value) + 1), runId: 'r' };
    const [result] = await handle.commit([
      {
        expect: [{ kind: 'key', namespace: 'default', key: 'sum', value }],
        writes: [{ kind: 'put-key', record }],
      },
    ]);
    if (result?.ok === true) added++;
  }
  say(added);
  await handle.close();
  process.exit();
}

/** Takes every task under its name, and lives on. */
async function hold(handle: StorageHandle): Promise<void> {
  await handle.join(name);
  say((await handle.claim(claimAll(name, 1))).length);
  setInterval(() => undefined, 1_000);
}

const tasks: Readonly<Record<string, (handle: StorageHandle) => Promise<void>>> = { pairs, count, hold };
await tasks[task]?.(await sqlite(path).open());
