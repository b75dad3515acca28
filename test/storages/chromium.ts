import type { Storage } from '@perdure/core/storage';
import { indexedDb } from '@perdure/indexeddb';
import type { SuiteMode } from './mode.js';

export const suiteMode: SuiteMode = {};

/** A fresh database at each call, in the real browser; every test file shares one origin, so names are random. */
export function openStorage(): Storage | Promise<Storage> {
  return indexedDb(`suite-${crypto.randomUUID()}`, { durability: 'relaxed' });
}
