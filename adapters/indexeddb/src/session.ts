import { unwrap, wrap } from 'idb';
import type { Journals } from './journal.js';
import type { Durability } from './durability.js';
import { storeNames, type Database, type ReadTx, type StoreName, type WriteTx } from './schema.js';

/** One connection to the database, and what is known by it. Another connection begins knowing nothing. */
export interface Session {
  readonly db: Database;
  readonly journals: Journals;
  readonly durability: Durability;
  /** Transactions that nothing but this page can bring to an end: they have not been told to commit. */
  readonly open: Set<IDBTransaction>;
}

/** Set once a transaction is told to commit: from then on its outcome may be unknown. */
export interface Progress {
  committing: boolean;
}

const everything = [...storeNames];

export function readTx(session: Session, stores: StoreName[]): ReadTx {
  const tx = session.db.transaction(stores, 'readonly');
  const opened: IDBTransaction = unwrap(tx);
  session.open.add(opened);
  // Whoever waits for a request gets its error; a rejection that nobody handles would end a Node process.
  const ended = (): void => void session.open.delete(opened);
  tx.done.then(ended, ended);
  return tx;
}

/**
 * One write transaction. Reads go through `idb`; writes are plain requests that nobody listens to, because a failed one
 * aborts the transaction, and its error is the transaction's. (Three listeners and a promise for each write cost a
 * tenth of a sequential step.)
 */
export class Writing {
  readonly #tx: IDBTransaction;
  readonly #end: Promise<void>;
  readonly #open: Set<IDBTransaction>;

  constructor(session: Session, stores: readonly StoreName[] = everything) {
    const { durability, open } = session;
    this.#open = open;
    this.#tx = unwrap(session.db).transaction(stores as StoreName[], 'readwrite', { durability });
    this.#end = new Promise((resolve, reject) => {
      this.#tx.oncomplete = () => {
        resolve();
      };
      this.#tx.onabort = () => {
        open.delete(this.#tx);
        reject(this.#tx.error ?? new DOMException('The transaction was aborted', 'AbortError'));
      };
    });
    this.#end.catch(ignore);
    open.add(this.#tx);
  }

  get tx(): WriteTx {
    const tx = wrap(this.#tx) as unknown as WriteTx;
    tx.done.catch(ignore);
    return tx;
  }

  store(name: StoreName): IDBObjectStore {
    return this.#tx.objectStore(name);
  }

  /** Resolves when all of it is durable, as far as was asked for. */
  commit(progress?: Progress): Promise<void> {
    if (progress) progress.committing = true;
    this.#open.delete(this.#tx);
    // Saves the round trip after which the transaction would commit by itself.
    this.#tx.commit();
    return this.#end;
  }

  abort(): void {
    abortOpen(this.#tx);
  }
}

/** A transaction ends a little before it says so: one that has ended already is left alone. */
export function abortOpen(tx: IDBTransaction): void {
  try {
    tx.abort();
  } catch (error) {
    if ((error as Error).name !== 'InvalidStateError') throw error;
  }
}

function ignore(): void {
  // Whoever waits for the transaction gets the error; a rejection that nobody handles would end a Node process.
}
