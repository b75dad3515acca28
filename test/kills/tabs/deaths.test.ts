import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { patience, runs, Site } from '../site.js';
import { Browser } from './browser.js';
import { clientIn, insidesOf } from './in-tabs.js';
import type { Tab } from './tab.js';
import { WebSite } from './web-site.js';

/** Shorter than a lease: whoever has to wait for one to run out is too late. */
const soon = { timeout: 25_000, interval: 50 };

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

/**
 * Runs on a new store whose only tab is in the middle of an activity of each: the effect has happened, and the tab waits
 * for the answer.
 */
async function busyTab(store: string): Promise<{ tab: Tab; site: Site }> {
  onTestFinished(async () => {
    web.letGo();
    await browser.closeTabs();
  });
  web.keepLedger(join(folder, store));
  const tab = await browser.open(store);
  const site = await Site.of(clientIn(browser), insidesOf(browser), web.ledger);
  web.hold();
  await expect.poll(() => web.held, patience).toBe(runs);
  return { tab, site };
}

/** Others have begun each activity again, though no lease can have run out, and go on with the runs. */
async function taken(site: Site): Promise<void> {
  await expect.poll(() => web.held, soon).toBe(2 * runs);
  web.letGo();
  await site.movesOn(soon);
}

async function endsWell(site: Site): Promise<void> {
  const { again } = await site.goesOn();
  expect(again).toBeGreaterThanOrEqual(runs);
  expect(browser.problems).toEqual([]);
}

test.each(['close', 'crash'] as const)(
  'E1 G2 G8 a tab dies in the middle of its work (%s): another one takes it over at once',
  async (die) => {
    const { tab, site } = await busyTab(die);
    await browser.open(die);
    browser.leave(tab);
    await tab[die]();
    await taken(site);
    await endsWell(site);
  },
);

test.each([
  ['freeze', 'resume', { frozen: 1, inCache: 0 }],
  ['goAway', 'goBack', { inCache: 1 }],
] as const)(
  'E1 G2 G8 a tab falls asleep in the middle of its work (%s): another one takes it over at once, and gives it back when it dies (%s)',
  async (fallAsleep, wakeUp, slept) => {
    const { tab, site } = await busyTab(fallAsleep);
    const other = await browser.open(fallAsleep);
    browser.leave(tab);
    await tab[fallAsleep]();
    await taken(site);
    const awake = await browser.take(await tab[wakeUp]());
    expect(await awake.ask('about')).toMatchObject({ state: 'running', ...slept });
    browser.leave(other);
    await other.close();
    await site.movesOn(soon);
    await endsWell(site);
  },
);

test('E1 G2 G8 a tab is loaded anew in the middle of its work, and goes on at once', async () => {
  const { tab, site } = await busyTab('reload');
  browser.leave(tab);
  await browser.take(await tab.reload());
  await taken(site);
  await endsWell(site);
});

test('F1 G2 G8 G14 the whole browser is killed in the middle of its work, and goes on at once when it is opened again', async () => {
  const { site } = await busyTab('killed');
  await browser.kill();
  await browser.open('killed');
  await taken(site);
  await endsWell(site);
});
