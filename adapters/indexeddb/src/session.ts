import type { Journals } from './journal.js';
import type { Durability } from './indexed-db.js';
import { storeNames, type Database, type ReadTx, type StoreName, type WriteTx } from './schema.js';

/** One connection to the database, and what is known by it. Another connection begins knowing nothing. */
export interface Session {
  readonly db: Database;
  readonly journals: Journals;
  readonly durability: Durability;
  /** Write transactions under way. While there is one, no run is taken from memory: it may be about to change. */
  writing: number;
}

/** Set once a transaction is told to commit: from then on its outcome may be unknown. */
export interface Progress {
  committing: boolean;
}

const everything = [...storeNames];

export function readTx(session: Session, stores: StoreName[]): ReadTx {
  const tx = session.db.transaction(stores, 'readonly');
  tx.done.catch(ignore);
  return tx;
}

/** One write transaction: the requests made through it, and its end. */
export class Writing {
  readonly tx: WriteTx;
  #failure: unknown;

  constructor(session: Session, stores: StoreName[] = everything) {
    this.tx = session.db.transaction(stores, 'readwrite', { durability: session.durability });
    this.tx.done.catch(ignore);
  }

  readonly request = (made: Promise<unknown>): void => {
    made.catch((error: unknown) => {
      // The first failed request aborts the transaction, and with it all others.
      this.#failure ??= error;
    });
  };

  /** Resolves when all of it is durable, as far as was asked for. */
  async commit(progress: Progress): Promise<void> {
    try {
      progress.committing = true;
      // Saves the round trip after which the transaction would commit by itself.
      this.tx.commit();
      await this.tx.done;
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  abort(): void {
    try {
      this.tx.abort();
    } catch {
      // It has ended already.
    }
  }
}

function ignore(): void {
  // Whoever waits for the transaction gets the error; a rejection that nobody handles would end a Node process.
}
