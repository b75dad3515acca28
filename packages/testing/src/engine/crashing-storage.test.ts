import { memory } from '@perdure/memory';
import { expect, test } from 'vitest';
import { keyIs, namespace, newKey, putKey } from '../conformance/make.js';
import { CrashingStorage } from './crashing-storage.js';
import { createTestEngine } from './test-engine.js';

const put = (key: string) => ({ expect: [keyIs(key, null)], writes: [putKey(newKey(key))] });

test('E11 a crash after the next commit waits for one that the store has taken', async () => {
  const store = memory();
  const storage = new CrashingStorage(store);
  const handle = await storage.open();
  await handle.commit([put('taken')]);
  let crashed = false;
  const crash = storage.crashAt('after-commit').then(() => {
    crashed = true;
  });
  expect(await handle.commit([put('taken')])).toMatchObject([{ ok: false }]);
  expect(crashed).toBe(false);
  void handle.commit([put('taken'), put('free')]);
  await crash;
  const another = await store.open();
  expect(await another.readKey(namespace, 'free')).toBeDefined();
  await another.close();
});

test('E11 a crash before the next commit leaves nothing of it', async () => {
  const store = memory();
  const storage = new CrashingStorage(store);
  const handle = await storage.open();
  const crash = storage.crashAt('before-commit');
  void handle.commit([put('lost')]);
  await crash;
  const another = await store.open();
  expect(await another.readKey(namespace, 'lost')).toBeUndefined();
  await another.close();
});

test('E11 an engine that is closed while it crashes is closed', async () => {
  const engine = await createTestEngine();
  const crash = engine.crash();
  await engine.close();
  await crash;
  await expect(engine.count()).rejects.toThrow('closed');
});
