import { readFileSync } from 'node:fs';
import type { HistoryBundle } from '@perdure/core';
import { Refusal } from './refusal.js';

/** What a file says that `perdure export` made; whether it is sound is for who uses it to find out. */
export function bundleIn(file: string): HistoryBundle {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as HistoryBundle;
  } catch (error) {
    throw new Refusal(`The file ${file} cannot be read as an exported history: ${(error as Error).message}`);
  }
}
