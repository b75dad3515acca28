import { Observable, Subscriber, type Observer, type Subscription, type TeardownLogic } from 'rxjs';
import { EngineClosedError } from '../model/errors.js';
import type { Logger } from '../runtime/core.js';

type Next<T> = (value: T) => void;

/**
 * RxJS throws what a subscriber throws, and errors that nobody handles, from a timer: in Node that ends the process.
 * Whoever watches must not be able to take the engine down, so here they are logged. That goes for what operators make
 * of this observable as well, not for what is combined from several.
 */
export class IsolatedObservable<T> extends Observable<T> {
  readonly #log: Logger;

  constructor(log: Logger, subscribe?: (subscriber: Subscriber<T>) => TeardownLogic) {
    super(subscribe);
    this.#log = log;
  }

  /** What operators are applied with. */
  override lift<R>(operator?: object): Observable<R> {
    return Object.assign(new IsolatedObservable<R>(this.#log), { source: this, operator });
  }

  override subscribe(
    to?: Partial<Observer<T>> | Next<T> | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // The subscriber of an operator: it hands on what comes, and the last one of the chain subscribes through here too.
    if (to instanceof Subscriber) return super.subscribe(to);
    const observer = typeof to === 'object' && to ? to : { next: to, error, complete };
    const tell = <V>(how: ((value: V) => void) | null | undefined, value: V): void => {
      try {
        how?.call(observer, value);
      } catch (thrown) {
        this.#log.error('A subscriber threw', { error: thrown });
      }
    };
    return super.subscribe({
      next: (value) => {
        tell(observer.next, value);
      },
      error: (reason: unknown) => {
        // Whoever watched to the end of the program has nothing to handle.
        if (!observer.error && !(reason instanceof EngineClosedError))
          this.#log.error('A stream failed and nobody handles it', { error: reason });
        tell(observer.error, reason);
      },
      complete: () => {
        tell(observer.complete, undefined);
      },
    });
  }
}
