import { openDB } from 'idb';
import { expect, test } from 'vitest';
import { cdp } from 'vitest/browser';
import { indexedDb } from './indexed-db.js';
import { applied, leased, newTask, start, step } from './make.testkit.js';

/** Noise, because the browser compresses. */
const noise = (): string => crypto.getRandomValues(new Uint8Array(60_000)).join().repeat(20);

test('E1 a full disk is reported, nothing is applied, and later it goes on', async ({ skip }) => {
  const { origin } = location;
  await cdp().send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2_000_000 });
  try {
    const probe = await openDB(`probe ${crypto.randomUUID()}`, 1, {
      upgrade: (db) => void db.createObjectStore('s'),
    });
    const hasRoom = await probe.put('s', noise(), 1).then(
      () => true,
      () => false,
    );
    probe.close();
    if (hasRoom)
      skip('The browser goes by the room it saw a moment ago, for another test: run this file alone');

    const handle = await indexedDb(`quota ${crypto.randomUUID()}`).open();
    await applied(handle, start('r', { kind: 'put-task', task: newTask('r/0', 'r', leased) }));
    const big = start('s', { kind: 'put-task', task: newTask('s', 's', { body: noise() }) });
    await expect(handle.commit([step('r', 0), big])).rejects.toMatchObject({
      code: 'storage_full',
      outcome: 'not-applied',
      retryable: true,
    });
    expect(await handle.readRun('s')).toBeUndefined();
    expect((await handle.readRun('r'))?.seq).toBe(1);
    await applied(handle, step('r', 0));
    await handle.close();
  } finally {
    await cdp().send('Storage.overrideQuotaForOrigin', { origin });
  }
});
