import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient, createEngine } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumOptions } from '../chromium.js';
import { folder, moduleAt, perdure, Perdure } from './perdure.js';
import { broken, effect, order } from './workflows.js';

const inspector = fileURLToPath(new URL('../../packages/inspector', import.meta.url));
let browser: Browser;

beforeAll(async () => {
  // As `npm run build` does, but for the types.
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      target: 'es2022',
      minify: false,
      emptyOutDir: false,
      outDir: join(inspector, 'dist'),
      lib: { entry: join(inspector, 'src/index.ts'), formats: ['es'], fileName: () => 'index.js' },
    },
  });
  browser = await chromium.launch(chromiumOptions);
});
afterAll(() => browser.close());

async function served(cwd: string, ...args: readonly string[]): Promise<{ page: Page; problems: string[] }> {
  const ui = new Perdure(cwd, ['ui', ...args]);
  await ui.until(({ stdout }) => stdout.includes('#token='));
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  await page.goto(/http:\S+/.exec(ui.stdout)?.[0] ?? '');
  return { page, problems };
}

const cellsOf = (row: Locator): Promise<string[]> => row.locator('td').allTextContents();

test('A25 in a browser: start, open, filter, signal and cancel many at once, live', async () => {
  const cwd = folder();
  const engine = await createEngine({
    storage: sqlite(join(cwd, 'perdure.sqlite')),
    workflows: [order, broken],
    activities: [effect],
  });
  for (const id of ['a-1', 'a-2', 'b-1']) await engine.start(order, { item: id }, { id });
  const { page, problems } = await served(cwd, '--workflows', moduleAt('workflows'));
  expect(page.url()).not.toContain('token');
  const row = (id: string): Locator =>
    page.locator('table tbody tr', { has: page.getByRole('button', { name: id, exact: true }) });
  const status = (id: string, text: string): Promise<void> =>
    row(id).locator('.badge', { hasText: text }).waitFor();

  await status('b-1', 'waiting');
  await page.getByText('Start a workflow').first().click();
  const form = page.getByRole('form', { name: 'Start a workflow' });
  await form.getByLabel('Name').fill('order');
  await form.getByLabel('Input, JSON').fill('{"item":"<img src=x onerror=alert(1)>"}');
  await form.getByLabel('Id, or empty for a new one').fill('c-1');
  await form.getByRole('button', { name: 'Start' }).click();
  await page.getByRole('status').getByText('Started c-1').waitFor();
  expect(await engine.handle('c-1').describe()).toMatchObject({ workflowType: 'order' });
  const detail = page.getByRole('region', { name: 'c-1' });
  await detail.getByText('<img src=x onerror=alert(1)>').first().waitFor();
  await detail.locator('td', { hasText: 'SignalWaitOpened' }).waitFor();
  expect(await detail.locator('table').first().locator('tbody tr td').first().textContent()).toBe('effect');
  expect(await page.locator('img').count()).toBe(0);
  await detail.getByRole('button', { name: 'Close' }).click();

  await page.getByLabel('Workflow id begins with').fill('a-');
  await page.getByRole('search', { name: 'Filter runs' }).getByRole('button').click();
  await row('b-1').waitFor({ state: 'detached' });
  await page.getByLabel('Choose all runs shown').check();
  await page.getByText('2 chosen').waitFor();
  const signals = page.getByRole('form', { name: 'Signal chosen runs' });
  await signals.getByLabel('Signal').fill('approve');
  await signals.getByLabel('JSON').fill('{"by":"Ada"}');
  await signals.getByRole('button').click();
  await page.getByRole('status').getByText('2 signalled').waitFor();
  for (const id of ['a-1', 'a-2']) await status(id, 'completed');
  expect(await engine.handle('a-1').result()).toBe('a-1 approved by Ada');

  await page.getByLabel('Workflow id begins with').fill('');
  await page.getByLabel('Status').selectOption('waiting');
  await page.getByLabel('Status').press('Enter');
  await page.getByRole('search', { name: 'Filter runs' }).getByRole('button').click();
  await row('a-1').waitFor({ state: 'detached' });
  for (const id of ['b-1', 'c-1']) await page.getByLabel(`Choose ${id}`).check();
  const cancels = page.getByRole('form', { name: 'Cancel chosen runs' });
  await cancels.getByLabel('Reason').fill('sold out');
  await cancels.getByRole('button').click();
  await page.getByRole('status').getByText('2 asked to cancel').waitFor();
  for (const id of ['b-1', 'c-1']) await row(id).waitFor({ state: 'detached' });
  expect(await engine.handle('b-1').describe()).toMatchObject({
    status: 'cancelled',
    closedReason: 'sold out',
  });

  // What another process commits is seen without asking.
  await page.getByLabel('Status').selectOption('failed');
  await page.getByRole('search', { name: 'Filter runs' }).getByRole('button').click();
  await page.getByText('Runs: none').waitFor();
  await engine.start(broken, undefined, { id: 'd-1' });
  await status('d-1', 'failed');
  expect(await cellsOf(row('d-1'))).toContain('broken');

  await page.getByRole('button', { name: 'Activities' }).click();
  await page.locator('td', { hasText: 'effect' }).first().waitFor();
  await page.getByRole('button', { name: 'Events' }).click();
  await page.locator('td', { hasText: 'WorkflowFailed' }).waitFor();
  // Reloaded it still knows the token; nobody else does.
  await page.reload();
  await status('d-1', 'failed');
  expect(problems).toEqual([]);
  await page.close();
  await engine.close();
});

test('A25 E12 in a browser: exported histories are shown without a store, and nothing can be done to them', async () => {
  const cwd = folder();
  const client = await createClient({ storage: sqlite(join(cwd, 'perdure.sqlite')) });
  await client.start('order', { item: 'lamp' }, { id: 'lamp-1' });
  await client.close();
  const { stdout } = await perdure(cwd, 'export', 'lamp-1');
  writeFileSync(join(cwd, 'lamp.json'), stdout);
  const { page, problems } = await served(cwd, 'lamp.json', '--store', 'none.sqlite');
  await page.getByRole('button', { name: 'lamp-1' }).click();
  await page.locator('.detail td', { hasText: 'WorkflowStarted' }).waitFor();
  expect(await page.getByText('Start a workflow').count()).toBe(0);
  expect(await page.getByRole('checkbox').count()).toBe(0);
  expect(problems).toEqual([]);
  await page.close();
});
