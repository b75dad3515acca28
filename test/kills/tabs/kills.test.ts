import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFailed, test } from 'vitest';
import { Guarantees } from '../guarantees.js';
import { checkLedger } from '../ledger.js';
import { Users } from '../users.js';
import { Browser } from './browser.js';
import { Crowd, ways } from './crowd.js';
import { clientIn, insidesOf } from './in-tabs.js';
import { WebSite } from './web-site.js';

const asked = process.env['PERDURE_KILLS'];
const kills = Number(asked ?? ways.length);
const tabs = 4;
const atOnce = 6;
/** So long may everything stand still before it is taken to be stuck. Milliseconds: six leases. */
const patience = 180_000;

const between = (least: number, most: number): number =>
  least + Math.floor(Math.random() * (most - least + 1));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test(
  `E1 G1 G2 G3 G4 G5 G6 G7 G8 G11 G12 G13 ${kills} of ${tabs} tabs on one store closed, crashed, reloaded, frozen, sent away or killed with their browser: nothing lost, nothing recorded twice`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perdure-tabs-'));
    onTestFailed(() => {
      console.error(`The ledger is kept in ${folder}`);
    });
    const web = await WebSite.of();
    web.keepLedger(join(folder, 'ledger.jsonl'));
    const browser = await Browser.of(web.origin);
    const crowd = new Crowd(browser, tabs, 'kills');
    await crowd.fill();
    const client = clientIn(browser);
    const guarantees = new Guarantees(client, insidesOf(browser));
    const users = new Users(client, web.ledger.address);
    try {
      for (let killed = 0; killed < kills; killed++) {
        while (users.open < atOnce) users.begin();
        await pause(between(5, 200));
        await crowd.loseOne(ways[killed % ways.length]!);
        await guarantees.hold();
      }
      await guarantees.holdUntil(users.ended(), patience);
      await guarantees.hold();
      await guarantees.holdAtTheEnd();
    } finally {
      await browser.close();
      web.close();
    }

    expect(browser.problems).toEqual([]);
    const effects = checkLedger(web.ledger.file, users.effects);
    if (asked !== undefined) {
      const { runs, repaired } = guarantees;
      console.log(JSON.stringify({ kills, uses: users.begun, runs, ...effects, repaired }));
    }
    rmSync(folder, { recursive: true });
  },
  300_000 + kills * 10_000,
);
