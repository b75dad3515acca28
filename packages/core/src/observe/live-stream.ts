import type { Observable, Subscriber } from 'rxjs';
import type { Logger } from '../runtime/core.js';
import { Changes } from './changes.js';
import { IsolatedObservable } from './isolated-observable.js';

/**
 * Something that can be watched: an RxJS observable, or, without RxJS, `for await (const value of stream)`, which goes on
 * when the loop asks for more.
 */
export type LiveStream<T> = Observable<T> & AsyncIterable<T>;

type Values<T> = AsyncGenerator<T, void, undefined>;

/** Where a stream's values come from: in pages, read when they are asked for, until `changes` is over. */
export type Source<T> = (changes: Changes) => Values<readonly T[]>;

/** Cold: nothing happens before somebody subscribes. */
class Stream<T> extends IsolatedObservable<T> implements AsyncIterable<T> {
  readonly #values: (changes: Changes) => Values<T>;

  constructor(
    log: Logger,
    subscribe: (subscriber: Subscriber<T>) => void,
    values?: (changes: Changes) => Values<T>,
  ) {
    super(log, subscribe);
    this.#values = values ?? ((changes) => newestOf(this, changes));
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    const changes = new Changes();
    const values = this.#values(changes);
    return {
      next: () => values.next() as Promise<IteratorResult<T, undefined>>,
      // A generator that waits for a change would not hear of its return before that change.
      return: () => {
        changes.end();
        return values.return() as Promise<IteratorResult<T, undefined>>;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

/** A stream of snapshots, pushed as they come; who reads it with `for await` gets the newest. */
export function pushed<T>(log: Logger, subscribe: (subscriber: Subscriber<T>) => void): LiveStream<T> {
  return new Stream(log, subscribe);
}

/** A stream that reads no faster than it is read; nothing of it is dropped. */
export function pulled<T>(log: Logger, source: Source<T>): LiveStream<T> {
  return new Stream(
    log,
    (subscriber) => void pump(source, subscriber),
    (changes) => valuesOf(source, changes),
  );
}

async function pump<T>(source: Source<T>, subscriber: Subscriber<T>): Promise<void> {
  const changes = new Changes();
  subscriber.add(() => {
    changes.end();
  });
  try {
    for await (const page of pagesOf(source, changes)) {
      for (const value of page) subscriber.next(value);
    }
    subscriber.complete();
  } catch (error) {
    subscriber.error(error);
  }
}

async function* valuesOf<T>(source: Source<T>, changes: Changes): Values<T> {
  for await (const page of pagesOf(source, changes)) yield* page;
}

/** Once it is over, only the reason for that counts: reads that fail because of it do not. */
async function* pagesOf<T>(source: Source<T>, changes: Changes): Values<readonly T[]> {
  try {
    yield* source(changes);
  } catch (error) {
    if (!changes.over) throw error;
    changes.rethrow();
  } finally {
    changes.end();
  }
}

/** What is pushed while the reader is busy waits in one slot: the newest takes it. */
export async function* newestOf<T>(pushes: Observable<T>, changes: Changes): Values<T> {
  let slot: readonly [T] | undefined;
  let ended: { readonly error?: unknown } | undefined;
  const subscription = pushes.subscribe({
    next: (value) => {
      slot = [value];
      changes.mark();
    },
    error: (error: unknown) => {
      ended = { error };
      changes.mark();
    },
    complete: () => {
      ended = {};
      changes.mark();
    },
  });
  changes.onEnd(() => {
    subscription.unsubscribe();
  });
  while (await changes.next()) {
    const value = slot;
    slot = undefined;
    if (value) yield value[0];
    if (ended) changes.mark();
    if (value || !ended) continue;
    if ('error' in ended) throw ended.error;
    return;
  }
}
