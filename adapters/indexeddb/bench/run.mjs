// Measures the adapter against raw puts, in Chromium with a profile on disk:
//   node adapters/indexeddb/bench/run.mjs [rounds] [durabilities] [part of a name]
// PERDURE_CHROMIUM names the browser, default /usr/bin/chromium.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build } from 'vite';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const rounds = Number(process.argv[2] ?? 400);
const only = process.argv[4] ?? '';
const durabilities = (process.argv[3] ?? 'relaxed,strict').split(',');

const { output } = await build({
  configFile: false,
  logLevel: 'error',
  resolve: {
    alias: [{ find: /^@perdure\/core\/storage$/, replacement: at('../../../packages/core/src/storage.ts') }],
  },
  build: { write: false, minify: false, target: 'es2022', lib: { entry: at('page.mjs'), formats: ['es'] } },
}).then((result) => (Array.isArray(result) ? result[0] : result));

// In a context that is not persistent, IndexedDB is in memory, and strict costs nothing.
const profile = mkdtempSync(join(tmpdir(), 'perdure-bench-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env['PERDURE_CHROMIUM'] ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
});
try {
  // Isolated pages get the finer clock.
  const headers = {
    'content-type': 'text/html',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  };
  await context.route('http://localhost/**', (route) =>
    route.fulfill({ headers, body: '<!doctype html><title>bench</title>' }),
  );
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto('http://localhost/');
  await page.addScriptTag({ type: 'module', content: output[0].code });
  await page.waitForFunction(() => 'measure' in globalThis);
  const figures = await page.evaluate(
    ([count, kinds, only]) => globalThis.measure(count, kinds, only),
    [rounds, durabilities, only],
  );
  console.log('durability  operation                     µs   share of the raw one-put rate');
  for (const { durability, name, microseconds, ratio } of figures) {
    console.log(
      `${durability.padEnd(10)}  ${name.padEnd(25)} ${microseconds.toFixed(0).padStart(6)}   ${ratio.toFixed(2)}`,
    );
  }
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
