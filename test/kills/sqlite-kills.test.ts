import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { onTestFailed, test } from 'vitest';
import { Crew } from './crew.js';
import { Guarantees } from './guarantees.js';
import { checkLedger } from './ledger.js';
import { SqliteInsides } from './sqlite-insides.js';
import { Users } from './users.js';

const asked = process.env['PERDURE_KILLS'];
const kills = Number(asked ?? 50);
const processes = 3;
const atOnce = 6;
/** So long may everything stand still before it is taken to be stuck. Milliseconds: six leases. */
const patience = 180_000;

const between = (least: number, most: number): number =>
  least + Math.floor(Math.random() * (most - least + 1));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test(
  `F2 G1 G2 G3 G4 G5 G6 G7 G8 G11 G12 G13 ${kills} of ${processes} processes on one file killed after 5 to 200 ms: nothing lost, nothing recorded twice`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perdure-kills-'));
    onTestFailed(() => {
      console.error(`The store and the ledger are kept in ${folder}`);
    });
    const file = join(folder, 'store.sqlite');
    const ledger = join(folder, 'ledger.jsonl');
    const storage = sqlite(file);
    const client = await createClient({ storage });
    const insides = await SqliteInsides.of(storage, folder);
    const guarantees = new Guarantees(client, insides);
    const users = new Users(client, ledger);
    const crew = await Crew.of(processes, file);
    try {
      for (let killed = 0; killed < kills; killed++) {
        while (users.open < atOnce) users.begin();
        await pause(between(5, 200));
        await crew.killOne(between(0, processes - 1));
        await guarantees.hold();
      }
      await guarantees.holdUntil(users.ended(), patience);
    } finally {
      await crew.killAll();
    }

    await guarantees.hold();
    await guarantees.holdAtTheEnd();
    const effects = checkLedger(ledger, users.effects);
    if (asked !== undefined) {
      const { runs, repaired } = guarantees;
      console.log(JSON.stringify({ kills, uses: users.begun, runs, ...effects, repaired }));
    }
    await insides.close();
    await client.close();
    rmSync(folder, { recursive: true });
  },
  300_000 + kills * 10_000,
);
