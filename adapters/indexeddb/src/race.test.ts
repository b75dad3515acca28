import 'fake-indexeddb/auto';
import { test } from 'vitest';
import { indexedDb } from './indexed-db.js';
import { race, randomFrom } from './race.testkit.js';

test.each(Array.from({ length: 24 }, (_, seed) => seed))(
  'A4 A7 of commits that saw the same state one goes through, seed %i',
  async (seed) => {
    await race(indexedDb(`race ${String(seed)}`), randomFrom(seed));
  },
);
