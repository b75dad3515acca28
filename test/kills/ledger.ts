import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

interface Line {
  readonly key: string;
  readonly attempt: number;
  readonly what: string;
}

export interface Effects {
  /** Different ones. */
  readonly effects: number;
  /** How often one was attempted again. */
  readonly again: number;
}

function read(ledger: string): Line[] {
  const lines = readFileSync(ledger, { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Line);
}

/** How many effects a workflow has had so far. */
export function effectsOf(workflowId: string, ledger: string): number {
  return read(ledger).filter(({ what }) => what.startsWith(`${workflowId} `)).length;
}

/** G2: an effect happens again only as another attempt of the same activity, and each that had to happen did. */
export function checkLedger(ledger: string, expected: number): Effects {
  const effects = read(ledger);
  const keys = new Map(effects.map(({ what, key }) => [what, key]));
  for (const { what, key } of effects) expect(key, `${what} for two activities`).toBe(keys.get(what));
  expect(new Set(effects.map(({ key, attempt }) => `${key}#${attempt}`)).size).toBe(effects.length);
  expect(keys.size).toBe(expected);
  return { effects: expected, again: effects.length - expected };
}
