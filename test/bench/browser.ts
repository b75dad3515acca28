import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';
import { chromiumOptions } from '../chromium.js';
import type { Figure } from './workloads.js';

/** Runs the workloads in a real Chromium with a profile on disk: a default test context keeps IndexedDB in memory. */
export async function benchIndexedDb(
  durability: 'strict' | 'relaxed',
  scale: number,
): Promise<{ raw: number; figures: Figure[] }> {
  const profile = mkdtempSync(join(tmpdir(), 'perdure-bench-'));
  const server = await createServer({
    root: import.meta.dirname,
    configFile: false,
    logLevel: 'error',
    cacheDir: join(profile, 'vite'),
    server: { port: 0, host: '127.0.0.1', fs: { strict: false } },
  });
  await server.listen();
  const context = await chromium.launchPersistentContext(join(profile, 'chromium'), {
    ...chromiumOptions,
    headless: true,
  });
  try {
    const page = await context.newPage();
    const address = server.httpServer?.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await page.goto(`http://127.0.0.1:${port}/page.html`);
    await page.waitForFunction(() => 'bench' in globalThis);
    return await page.evaluate(([how, size]) => globalThis.bench(how as 'strict', size), [
      durability,
      scale,
    ] as const);
  } finally {
    await context.close();
    await server.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
