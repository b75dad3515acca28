import {
  Hints,
  StorageError,
  type ChangeHint,
  type StorageTraits,
  type Unwatch,
} from '@perdure/core/storage';
import type { Database } from './driver.js';
import { refused, storageError } from './errors.js';
import { Facts } from './facts.js';
import { clock, patiently, pause } from './patience.js';
import { poll } from './poll.js';
import { statements, type Sql } from './statements.js';
import { Tasks } from './tasks.js';
import { Writer } from './writer.js';

/**
 * A process that writes without end gives way for `giveWayMs` after `turnMs`, long enough for one that waits to get in.
 * Where nobody did, the next turn is twice as long.
 */
const turnMs = 5;
const longestTurnMs = 1_000;
const giveWayMs = 2;

/** One SQLite connection. All handles of a `sqlite()` value in this process share it. */
export class Connection {
  readonly traits: StorageTraits;
  readonly sql: Sql;
  readonly hints = new Hints();
  readonly tasks: Tasks;
  readonly facts: Facts;
  readonly writer: Writer;
  readonly #db: Database;
  readonly #own: boolean;
  readonly #gone: (() => boolean) | undefined;
  #lost: StorageError | undefined;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #unpoll: (() => void) | undefined;
  #foreignWrites = 0;
  #turnMs = turnMs;
  #turnBegan = 0;
  #wroteAt = 0;

  /** `own`: nobody else uses the connection, and it ends with this. `gone`: whether the file was taken away. */
  constructor(db: Database, traits: StorageTraits, own: boolean, gone?: () => boolean) {
    this.#db = db;
    this.#own = own;
    this.#gone = gone;
    this.traits = traits;
    this.sql = statements(db);
    this.tasks = new Tasks(this.sql, this.hints);
    this.facts = new Facts(this.sql, this.tasks, own);
    this.writer = new Writer(this.sql, this.facts, this.tasks, this.hints);
  }

  /**
   * Runs `work` in a write transaction; again from the start where SQLite was busy. Writers take turns in order. An
   * answer that `first` finds without the lock makes `work` needless.
   */
  write<T>(work: () => T, first?: () => T | undefined): Promise<T> {
    const asked = clock();
    const written = this.#lastWrite.then(() => this.#inTurn(work, first, asked));
    this.#lastWrite = written.catch(() => undefined);
    return written;
  }

  /** Runs `work`, which only reads. */
  read<T>(work: () => T): Promise<T> {
    return patiently(() => {
      try {
        if (this.#lost) throw this.#lost;
        return work();
      } catch (cause) {
        throw this.#explained(cause, 'not-applied');
      }
    });
  }

  /** All that `work` reads is of one moment. */
  snapshot<T>(work: () => T): T {
    if (this.#db.inTransaction) return work();
    this.sql('begin').run();
    try {
      return work();
    } finally {
      this.sql('commit').run();
    }
  }

  watch(listener: (hint: ChangeHint) => void): Unwatch {
    const unwatch = this.hints.watch(listener);
    this.#unpoll ??= poll(this.sql, this.hints, this.traits.reach === 'host', () => this.#isLost());
    return () => {
      unwatch();
      if (this.hints.watched) return;
      this.#unpoll?.();
      this.#unpoll = undefined;
    };
  }

  /** Waits for the writes that were begun. */
  async settled(): Promise<void> {
    await this.#lastWrite;
  }

  /** A given database stays open. */
  async close(): Promise<void> {
    await this.#lastWrite;
    // The last connection of a file brings its write-ahead log home.
    if (this.#own) this.#db.close();
  }

  #isLost(): boolean {
    if (this.#db.open && this.#gone?.() !== true) return false;
    this.#lost = lost(this.#db.open ? 'The file of the SQLite database was removed' : closedByOwner);
    this.hints.tell({ kind: 'lost', error: this.#lost });
    return true;
  }

  async #inTurn<T>(work: () => T, first: (() => T | undefined) | undefined, asked: number): Promise<T> {
    const now = clock();
    if (now - this.#wroteAt > giveWayMs) this.#turnBegan = now;
    if (now - this.#turnBegan > this.#turnMs && this.traits.reach !== 'process') {
      await pause(giveWayMs);
      this.#turnBegan = clock();
      this.#turnMs = Math.min(2 * this.#turnMs, longestTurnMs);
    }
    const answer = first && (await this.read(first));
    if (answer !== undefined) return answer;
    // What has waited in line while nobody here got the lock has waited for it.
    return patiently(() => this.#transact(work), Math.max(asked, this.#wroteAt));
  }

  #transact<T>(work: () => T): T {
    let reached: 'nothing' | 'begin' | 'commit' = 'nothing';
    try {
      if (this.#lost) throw this.#lost;
      if (this.#db.inTransaction)
        throw refused('storage_busy', 'The given database is in a transaction', true);
      this.sql('begin immediate').run();
      reached = 'begin';
      const before = this.#foreignWrites;
      this.facts.refresh();
      this.#foreignWrites = this.facts.foreignWrites;
      if (before !== this.#foreignWrites) this.#turnMs = turnMs;
      const result = work();
      reached = 'commit';
      this.sql('commit').run();
      return result;
    } catch (cause) {
      this.facts.clear();
      if (reached !== 'nothing') this.#rollback();
      throw this.#explained(cause, reached === 'commit' ? 'unknown' : 'not-applied');
    } finally {
      if (reached !== 'nothing') this.#wroteAt = clock();
    }
  }

  #rollback(): void {
    try {
      if (this.#db.inTransaction) this.sql('rollback').run();
    } catch {
      // SQLite has undone it by itself, or the connection is gone; the error that led here says more.
    }
  }

  #explained(cause: unknown, outcome: StorageError['outcome']): StorageError {
    return this.#db.open ? storageError(cause, outcome) : lost(closedByOwner, cause, outcome);
  }
}

const closedByOwner = 'The given better-sqlite3 database was closed: close it after the engines that use it';

function lost(
  message: string,
  cause?: unknown,
  outcome: StorageError['outcome'] = 'not-applied',
): StorageError {
  return new StorageError('storage_lost', message, { retryable: false, outcome }, { cause });
}
