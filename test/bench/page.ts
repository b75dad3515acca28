import { indexedDb } from '@perdure/indexeddb';
import { rawIndexedDb } from './raw/indexeddb.js';
import { runWorkloads, type Figure } from './workloads.js';

declare global {
  // Called by the driver in `browser.ts`.
  var bench: (durability: 'strict' | 'relaxed', scale: number) => Promise<{ raw: number; figures: Figure[] }>;
}

globalThis.bench = async (durability, scale) => ({
  raw: await rawIndexedDb(`raw-${crypto.randomUUID()}`, durability, Math.round(1_000 * scale)),
  figures: await runWorkloads(() => indexedDb(`bench-${crypto.randomUUID()}`, { durability }), scale),
});
