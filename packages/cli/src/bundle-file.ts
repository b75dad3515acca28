import { readFileSync } from 'node:fs';
import type { HistoryBundle } from '@perdure/core';
import { Refusal } from './refusal.js';

/** What a file says that `perdure export` made; whether it is sound is for who uses it to find out. */
export function bundleIn(file: string): HistoryBundle {
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Refusal(`The file ${file} cannot be read as an exported history: ${(error as Error).message}`);
  }
  const { format, events, workflow } = Object(read) as Partial<HistoryBundle>;
  if (format === 'perdure.history' && Array.isArray(events) && typeof workflow === 'object')
    return read as HistoryBundle;
  throw new Refusal(`The file ${file} is no exported history: make one with perdure export`);
}
