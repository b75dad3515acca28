import 'fake-indexeddb/auto';
import type { Storage } from '@perdure/core/storage';
import { indexedDb } from '@perdure/indexeddb';
import type { SuiteMode } from './mode.js';

export const suiteMode: SuiteMode = {};

let opened = 0;

/** A fresh database at each call, in Node, on fake-indexeddb. */
export function openStorage(): Storage | Promise<Storage> {
  opened += 1;
  return indexedDb(`suite-${String(opened)}`);
}
