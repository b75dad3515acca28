import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../command.js';
import { demonstrateDurability } from '../demo/durability.js';
import { misused } from '../refusal.js';

export const demo = command({
  name: 'demo',
  summary: 'Shows something: perdure demo durability kills a worker in the middle, and another one finishes.',
  takes: ['durability'],
  options: {},
  run: async ({ places: [name] }, output) => {
    if (name !== 'durability') throw misused(`There is no demo '${name}'; there is durability`);
    const folder = mkdtempSync(join(tmpdir(), 'perdure-demo-'));
    try {
      return (await demonstrateDurability(folder, output)) ? 0 : 1;
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
});
