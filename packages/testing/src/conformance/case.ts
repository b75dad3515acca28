import type { StorageHandle } from '@perdure/core/storage';
import { ConformanceError } from './check.js';
import { reasonToSkip, type Need, type StorageFixture } from './fixture.js';
import { Lab } from './lab.js';
import { show } from './show.js';
import { within } from './wait.js';

/** The laws of the storage port; see `@perdure/core/storage`. */
export type Law =
  | `A${1 | 2 | 3 | 4 | 5 | 6 | 7}`
  | `C${1 | 2 | 3}`
  | 'W1'
  | 'N1'
  | 'O1'
  | 'E1'
  | 'M1'
  | 'S1'
  | 'P1'
  | 'Q1'
  | 'L1';

export const groups = [
  'open',
  'start',
  'claim',
  'commit',
  'inbox',
  'activities',
  'timers',
  'read',
  'list',
  'retention',
  'watch',
  'payload',
  'model',
  'faults',
] as const;
export type Group = (typeof groups)[number];

/** One thing that an adapter must do. Give `name` and `run` to any test runner. */
export interface ConformanceCase {
  readonly id: Law;
  readonly group: Group;
  /** A sentence that begins with the law: `C2 a stale token is fenced`. */
  readonly name: string;
  /** Why the case cannot run on this fixture. */
  readonly skip?: string;
  /** Rejects with `ConformanceError` where the adapter breaks the law. */
  readonly run: () => Promise<void>;
}

export type Body = (store: StorageHandle, lab: Lab) => Promise<void>;

/** A case before it knows its fixture. */
export interface Draft {
  readonly id: Law;
  readonly sentence: string;
  readonly needs: readonly Need[];
  /** On a fresh store, opened once. */
  readonly body: Body;
}

export function law(id: Law, sentence: string, body: Body, needs: readonly Need[] = []): Draft {
  return { id, sentence, needs, body };
}

export function bind(group: Group, draft: Draft, fixture: StorageFixture, limitMs: number): ConformanceCase {
  const name = `${draft.id} ${draft.sentence}`;
  const skip = reasonToSkip(fixture, draft.needs);
  const run = (): Promise<void> => runDraft(name, draft, fixture, limitMs);
  return { id: draft.id, group, name, run, ...(skip === undefined ? {} : { skip }) };
}

async function runDraft(name: string, draft: Draft, fixture: StorageFixture, limitMs: number): Promise<void> {
  const lab = new Lab(fixture);
  const work = async (): Promise<void> => {
    await draft.body(await lab.begin(), lab);
  };
  try {
    await within(
      limitMs,
      work(),
      () => new ConformanceError(`not done after ${limitMs} ms: a call never settles`),
    );
  } catch (cause) {
    await lab.end().catch(() => undefined); // The case has failed; that it cannot be tidied up either is no news.
    const why = cause instanceof ConformanceError ? cause.message : `a call failed with ${show(cause)}`;
    throw new ConformanceError(`${name}\n  on ${fixture.name}: ${why}`, cause);
  }
  await lab.end();
}
