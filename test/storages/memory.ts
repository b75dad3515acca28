import type { Storage } from '@perdure/core/storage';
import { memory } from '@perdure/memory';
import type { SuiteMode } from './mode.js';

export const suiteMode: SuiteMode = {};

/** A fresh, empty store at each call. */
export function openStorage(): Storage | Promise<Storage> {
  return memory();
}
