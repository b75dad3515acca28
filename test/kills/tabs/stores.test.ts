import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { patience, Site } from '../site.js';
import { Browser } from './browser.js';
import { clientIn, insidesOf } from './in-tabs.js';
import type { Tab } from './tab.js';
import { WebSite } from './web-site.js';

let browser: Browser;
let web: WebSite;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-ledgers-'));
  web = await WebSite.of();
  browser = await Browser.of(web.origin);
});

afterAll(async () => {
  await browser.close();
  web.close();
  await rm(folder, { recursive: true, force: true });
});

/** A tab on a new store, and runs that it moves on. */
async function busyTab(store: string): Promise<{ tab: Tab; site: Site }> {
  onTestFinished(() => browser.closeTabs());
  web.keepLedger(join(folder, store));
  const tab = await browser.open(store);
  return { tab, site: await Site.of(clientIn(browser), insidesOf(browser), web.ledger) };
}

const about = (tab: Tab) => () => tab.ask('about');

test('F2 G9 no room is left: nothing is lost or half-written, and the engine goes on by itself once there is room', async () => {
  // The first test of this browser, which goes by the room that it saw a moment ago.
  await browser.limitStorage(2_000_000);
  onTestFinished(() => browser.limitStorage());
  const { tab, site } = await busyTab('full');
  await tab.ask('fill');
  await expect
    .poll(about(tab), patience)
    .toMatchObject({ reported: expect.arrayContaining(['storage_full']) as unknown });
  await site.refuses('storage_full');
  await browser.limitStorage();
  await site.goesOn();
  expect(browser.problems).toEqual([]);
});

test('E1 S1 another tab has the next version of the application: this one says so and lets go, and that one goes on with the runs', async () => {
  const { tab, site } = await busyTab('next');
  const waits = tab.ask('result', 'stroll-0');
  waits.catch(() => undefined);
  await browser.open('next', 'next');
  const newer = { code: 'storage_newer', retryable: false, outcome: 'not-applied' };
  await expect.poll(about(tab), patience).toMatchObject({ state: 'failed' });
  await expect(tab.ask('start', 'stroll', '', { id: 'late' })).rejects.toMatchObject(newer);
  await expect(waits).rejects.toMatchObject(newer);
  browser.leave(tab);
  const stale = await tab.reload();
  await expect
    .poll(() => stale.ask('describe', 'stroll-0').catch((error: unknown) => error), patience)
    .toMatchObject(newer);
  await site.movesOn();
  await site.goesOn();
  expect(browser.problems).toEqual([]);
});

test('E1 the store is cleared under a tab: all that waits is told, nothing hangs, and a new engine begins with a new store', async () => {
  const { tab } = await busyTab('cleared');
  const waits = tab.ask('result', 'stroll-0');
  waits.catch(() => undefined);
  await tab.clearStorage();
  const lost = { code: 'storage_lost', retryable: false, outcome: 'not-applied' };
  await expect.poll(about(tab), patience).toMatchObject({ state: 'failed' });
  await expect(waits).rejects.toMatchObject(lost);
  await expect(tab.ask('start', 'stroll', '', { id: 'late' })).rejects.toMatchObject(lost);
  await expect(tab.ask('describe', 'stroll-0')).rejects.toMatchObject(lost);
  await tab.ask('reopen');
  web.keepLedger(join(folder, 'afresh'));
  const afresh = await Site.of(clientIn(browser), insidesOf(browser), web.ledger);
  await afresh.goesOn();
  expect(browser.problems).toEqual([]);
});
