import type { Storage } from '@perdure/core/storage';

type Opened = Storage | Promise<Storage>;

/**
 * What the kit must know of an adapter. Only `name` and `create` are required; each other ability adds cases, and
 * where it is missing those cases are skipped with a reason that the report shows.
 */
export interface StorageFixture extends Partial<FixtureAbilities> {
  /** Shown in the report, as in `sqlite (file)`. */
  readonly name: string;
  /** A storage on a new, empty store. Called once a case or more. */
  create(): Opened;
  /** Removes what `create` made; every handle has been closed. */
  dispose?(storage: Storage): void | Promise<void>;
  /**
   * How far hints get: to every handle in `reach` (the default), to the handles of one `value` of `Storage`, or `none`.
   * A hint may always be lost; on the quiet machine of a test one that is declared is waited for.
   */
  readonly hints?: 'reach' | 'value' | 'none';
  /** How long a hint is waited for, at most. Milliseconds; default 5,000. */
  readonly hintsWithinMs?: number;
  /** Stores that earlier releases wrote, for the upgrade: `runs` is how many runs the default namespace lists. */
  readonly released?: readonly ReleasedStore[];
  /** Why an ability is missing, where that has a better reason than that nobody wrote it. */
  readonly without?: Readonly<Partial<Record<Ability, string>>>;
}

/** What a fixture can do to a store from outside. Each function gets the storage that `create` made. */
export interface FixtureAbilities {
  /** The same data as a later process opens it. Every handle has been closed before. */
  reopen(storage: Storage): Opened;
  /** The same data as another process or tab opens it, at the same time. */
  second(storage: Storage): Opened;
  /** A storage on what a crash of the process leaves if it happens now, while handles are open. */
  crash(storage: Storage): Opened;
  /** Makes the store, closed before, look as if a newer release had written it; `open` must refuse it. */
  newer(storage: Storage): Opened;
  /** A storage at a place that holds something else; `open` must refuse it. */
  foreign(): Opened;
  /** Damages the store, closed before. */
  corrupt(storage: Storage): Opened;
  /** The store, closed before, on a medium that takes no writes: `open` or the first commit must say so. */
  readOnly(storage: Storage): Opened;
  /** Somebody else holds the store for writing until the returned function is called. */
  busy(storage: Storage): Promise<() => void | Promise<void>>;
  /** From now on the medium has no room. Resolves to a function that gives it room again. */
  full(storage: Storage): Promise<() => void | Promise<void>>;
  /** Takes the store away from under the handles that are open. */
  lose(storage: Storage): void | Promise<void>;
}

export type Ability = keyof FixtureAbilities;

export interface ReleasedStore {
  readonly name: string;
  readonly open: () => Opened;
  readonly runs: number;
}

const missing: Record<Ability, string> = {
  reopen: 'nothing outlives the Storage value',
  second: 'no second connection to the same data',
  crash: 'no way to crash',
  newer: 'no way to write as a newer release',
  foreign: 'no place that something else could hold',
  corrupt: 'no way to damage the store',
  readOnly: 'no medium that is read-only',
  busy: 'nobody else can hold the store',
  full: 'no medium that can be full',
  lose: 'the store cannot be taken away',
};

/** What a case asks of a fixture: an ability, or hints that get as far as this. */
export type Need = Ability | 'hints within a value' | 'hints within reach';

/** Why a case with these needs cannot run on this fixture, or undefined where it can. */
export function reasonToSkip(fixture: StorageFixture, needs: readonly Need[]): string | undefined {
  for (const need of needs) {
    const reason = reasonFor(fixture, need);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function reasonFor(fixture: StorageFixture, need: Need): string | undefined {
  const { hints = 'reach', without = {} } = fixture;
  if (need === 'hints within a value') return hints === 'none' ? 'the adapter gives no hints' : undefined;
  if (need === 'hints within reach') {
    return hints === 'reach' ? undefined : 'the adapter gives no hints across connections';
  }
  return fixture[need] === undefined ? (without[need] ?? missing[need]) : undefined;
}
