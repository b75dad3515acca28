import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { expect, test } from 'vitest';
import { abortOpen } from './session.js';

test('E1 a transaction that has ended and was not heard of yet does not keep a page from falling asleep', async () => {
  const db = await openDB('ended', 1, { upgrade: (made) => void made.createObjectStore('store') });
  const ended = db.transaction('store');
  await ended.done;
  const open = db.transaction('store', 'readwrite');
  const over = open.done.then(
    () => 'committed',
    () => 'aborted',
  );
  for (const tx of [ended, open]) abortOpen(tx as unknown as IDBTransaction);
  expect(await over).toBe('aborted');
  db.close();
});
