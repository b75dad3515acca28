import { Observable, Subscriber, type Observer, type Subscription, type TeardownLogic } from 'rxjs';
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
    return super.subscribe({
      next: (value) => {
        try {
          observer.next?.(value);
        } catch (thrown) {
          this.#threw(thrown);
        }
      },
      error: (reason) => {
        if (!observer.error)
          this.#log.error('A stream failed and nobody handles it', { error: reason as unknown });
        try {
          observer.error?.(reason);
        } catch (thrown) {
          this.#threw(thrown);
        }
      },
      complete: () => {
        try {
          observer.complete?.();
        } catch (thrown) {
          this.#threw(thrown);
        }
      },
    });
  }

  #threw(error: unknown): void {
    this.#log.error('A subscriber threw', { error });
  }
}
