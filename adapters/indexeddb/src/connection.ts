import type { StorageError } from '@perdure/core/storage';
import { asStorageError, isConnectionLost, storageError } from './errors.js';
import { Journals } from './journal.js';
import { deleted, newer, openDatabase, randomName, type Opened } from './open.js';
import type { Durability } from './durability.js';
import { abortOpen, type Progress, type Session } from './session.js';

/**
 * Keeps a connection to the database: browsers close them at will (WebKit in background tabs, all of them before the
 * back/forward cache), and each can be replaced as long as the store is the same one.
 */
export class Connection {
  readonly #name: string;
  readonly #durability: Durability;
  /** Told once, when the store cannot be reached any more. */
  readonly #onEnd: (error: Error) => void;
  #instanceId: string | undefined;
  #session: Promise<Session> | undefined;
  /** The one that `#session` has resolved to, if it has. */
  #live: Session | undefined;
  #ended: Error | undefined;
  #wake: (() => void) | undefined;
  #awake: Promise<void> = Promise.resolve();

  constructor(name: string, durability: Durability, onEnd: (error: Error) => void) {
    this.#name = name;
    this.#durability = durability;
    this.#onEnd = onEnd;
  }

  /** Opens for the first time; resolves to the store's instance id. */
  async open(): Promise<string> {
    try {
      this.#session = this.#connect(true);
      await this.#session;
      return this.#instanceId ?? '';
    } catch (error) {
      throw asStorageError(error, this.#name, 'before');
    }
  }

  /** Works; once again on another connection where the first was lost before anything can have been applied. */
  async use<T>(work: (session: Session, progress: Progress) => Promise<T>): Promise<T> {
    for (let again = true; ; again = false) {
      const session = await this.#current();
      const progress: Progress = { committing: false };
      try {
        return await work(session, progress);
      } catch (error) {
        const lost = isConnectionLost(error);
        if (lost) this.#drop(session);
        if (again && lost && !progress.committing) continue;
        throw asStorageError(error, this.#name, progress.committing ? 'committing' : 'before');
      }
    }
  }

  /** Lets go of the database until `resume`, so that a page that sleeps keeps nobody waiting. */
  suspend(): void {
    if (this.#wake !== undefined || this.#ended !== undefined) return;
    this.#awake = new Promise((resolve) => (this.#wake = resolve));
    // One that is open when the page stops would keep every other tab waiting. What it was for is done again on waking.
    for (const tx of this.#live?.open ?? []) abortOpen(tx);
    this.#letGo();
  }

  resume(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  close(error: StorageError): void {
    this.#ended ??= error;
    this.resume();
    this.#letGo();
  }

  #end(error: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.resume();
    // Transactions under way come to their end; `close` waits for them.
    this.#letGo();
    this.#onEnd(error);
  }

  async #current(): Promise<Session> {
    await this.#awake;
    if (this.#ended !== undefined) throw this.#ended;
    const opening = (this.#session ??= this.#reconnect());
    try {
      return await opening;
    } catch (error) {
      if (this.#session === opening) this.#session = undefined;
      const reported = asStorageError(error, this.#name, 'before');
      if (['storage_lost', 'storage_newer', 'storage_foreign'].includes(reported.code)) this.#end(reported);
      throw reported;
    }
  }

  /** The browser that clears a site closes what is just being opened too; only then can be seen what is left. */
  async #reconnect(): Promise<Session> {
    try {
      return await this.#connect(false);
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      return this.#connect(false);
    }
  }

  async #connect(create: boolean): Promise<Session> {
    const opened: Opened = await openDatabase(this.#name, create, {
      onBlocking: (version) => {
        this.#end(version === null ? deleted(this.#name) : newer(this.#name));
      },
      onTerminated: () => {
        // One that was given up before.
        if (this.#live?.db !== opened.db) return;
        this.#session = undefined;
        // Looks at once whether the store is still there: it may have been cleared.
        this.#current().catch(() => undefined);
      },
    });
    const { db, instanceId } = opened;
    if ((this.#instanceId ??= instanceId) !== instanceId) {
      db.close();
      throw deleted(this.#name);
    }
    const journals = new Journals(randomName());
    return (this.#live = { db, journals, durability: this.#durability, open: new Set() });
  }

  #drop(session: Session): void {
    if (this.#live === session) this.#session = undefined;
    session.db.close();
  }

  /** At once, as far as there is a connection: a page may be put to sleep as soon as its handler returns. */
  #letGo(): void {
    this.#live?.db.close();
    this.#session?.then(
      ({ db }) => {
        db.close();
      },
      () => undefined,
    );
    this.#session = undefined;
  }
}

export function closedError(name: string): StorageError {
  return storageError(
    'storage_closed',
    `This handle of the IndexedDB database "${name}" is closed; open another one`,
  );
}
