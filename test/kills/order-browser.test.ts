import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumOptions } from '../chromium.js';

let server: ViteDevServer;
let profile: string;
let browser: BrowserContext;
let url: string;

beforeAll(async () => {
  const root = fileURLToPath(new URL('../../examples/order', import.meta.url));
  server = await createServer({
    root,
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'error',
    server: { port: 0, hmr: false, watch: null },
  });
  await server.listen();
  url = server.resolvedUrls?.local[0] ?? '';
  // A profile of its own: the contexts that tests get by default keep IndexedDB in memory.
  profile = await mkdtemp(join(tmpdir(), 'perdure-page-'));
  browser = await chromium.launchPersistentContext(profile, {
    ...chromiumOptions,
    headless: true,
    ignoreDefaultArgs: [
      '--disable-back-forward-cache',
      '--disable-background-timer-throttling',
      '--disable-backgrounding-occluded-windows',
      '--disable-renderer-backgrounding',
    ],
  });
  browser.setDefaultTimeout(30_000);
});

afterAll(async () => {
  await browser.close();
  await server.close();
  await rm(profile, { recursive: true, force: true });
});

const text = async (page: Page, id: string): Promise<string> =>
  (await page.locator(`#${id}`).textContent()) ?? '';
const shows = (page: Page, id: string, part: string): Promise<void> =>
  page.locator(`#${id}`, { hasText: part }).waitFor({ state: 'attached' });
const cells = (page: Page, id: string): Promise<string[][]> =>
  page
    .locator(`#${id} tr`)
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));

test('F1 an order survives a reload and the death of a tab, and two tabs see the same', async () => {
  const [first = await browser.newPage()] = browser.pages();
  const problems: string[] = [];
  const listen = (page: Page): unknown => page.on('pageerror', (error) => problems.push(error.message));
  listen(first);
  await first.goto(url);
  await first.locator('#start:enabled').click();

  await shows(first, 'activities', 'charge, started, attempt 1: "done, no answer yet"');
  await first.reload();
  await shows(first, 'waits', 'signal approve');
  expect(await cells(first, 'ledger')).toEqual([
    ['reserve', '1\u00D7', '2', '1\u00D7'],
    ['charge', '2\u00D7', '2', '1\u00D7'],
  ]);
  await shows(first, 'progress', '29 %, approve');

  const opened = browser.waitForEvent('page');
  await first.locator('#second').click();
  const second = await opened;
  listen(second);
  await shows(second, 'waits', 'signal approve');
  for (const id of ['order', 'status', 'steps', 'progress'])
    expect(await text(second, id)).toBe(await text(first, id));
  expect(await cells(second, 'history')).toEqual(await cells(first, 'history'));
  await second.locator('#approve:enabled').click();

  // Whichever tab packs is closed while it does.
  const packs = 'pack, started, attempt 1: "done, no answer yet"';
  await Promise.all([first, second].map((page) => shows(page, 'activities', packs)));
  await Promise.race([first, second].map((page) => shows(page, 'worker', 'activities here: 1')));
  const [busy, other] = (await text(first, 'worker')).endsWith('1') ? [first, second] : [second, first];
  await busy.close();

  await shows(other, 'status', 'completed');
  await shows(other, 'result', '"outcome":"shipped"');
  await shows(other, 'activities', '\u2013');
  expect(await cells(other, 'ledger')).toEqual([
    ['reserve', '1\u00D7', '2', '1\u00D7'],
    ['charge', '2\u00D7', '2', '1\u00D7'],
    ['pick', '1\u00D7', '1', '1\u00D7'],
    ['pack', '2\u00D7', '2', '1\u00D7'],
    ['hand over', '1\u00D7', '1', '1\u00D7'],
  ]);
  expect((await cells(other, 'history')).at(-1)?.[2]).toBe('WorkflowCompleted');
  expect(problems).toEqual([]);
});
