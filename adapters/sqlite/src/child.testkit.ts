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

/** Commits without pause until it is told to stop; now and then adds to a number that all processes share. */
async function write(handle: StorageHandle): Promise<void> {
  await handle.commit(all([insert(name, [])]));
  let stop = false;
  process.stdin.once('data', () => (stop = true));
  say('ready');
  let commits = 0;
  let added = 0;
  while (!stop) {
    await handle.commit(all([advance(name, commits, ['event'])]));
    commits++;
    if (commits % 10 === 0 && (await add(handle))) added++;
    // The word to stop comes as a task of the event loop.
    if (commits % 100 === 0) await new Promise(setImmediate);
  }
  say({ commits, added });
  await handle.close();
  process.exit();
}

/** Compares and sets; false where somebody else was quicker. */
async function add(handle: StorageHandle): Promise<boolean> {
  const value = (await handle.readKey('default', 'sum'))?.value ?? null;
  const record = { namespace: 'default', key: 'sum', value: String(Number(value) + 1), runId: 'r' };
  const [result] = await handle.commit([
    {
      expect: [{ kind: 'key', namespace: 'default', key: 'sum', value }],
      writes: [{ kind: 'put-key', record }],
    },
  ]);
  return result?.ok === true;
}

/** Takes every task under its name, and lives on. */
async function hold(handle: StorageHandle): Promise<void> {
  await handle.join(name);
  say((await handle.claim(claimAll(name, 1))).length);
  setInterval(() => undefined, 1_000);
}

const tasks: Readonly<Record<string, (handle: StorageHandle) => Promise<void>>> = { pairs, write, hold };
await tasks[task]?.(await sqlite(path).open());
