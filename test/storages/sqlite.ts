import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Storage } from '@perdure/core/storage';
import { sqlite } from '@perdure/sqlite';
import { afterAll } from 'vitest';
import type { SuiteMode } from './mode.js';

export const suiteMode: SuiteMode = {};

const folder = mkdtempSync(join(tmpdir(), 'perdure-suite-'));
let opened = 0;

/** A fresh file at each call, relaxed: the suite is about meaning; what a power cut leaves is tested by the kills. */
export function openStorage(): Storage | Promise<Storage> {
  opened += 1;
  return sqlite(join(folder, `${String(opened)}.sqlite`), { durability: 'relaxed' });
}

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
