import { InterceptorError } from '../model/errors.js';
import type { ContextLogger } from '../replay/instance-host.js';
import type { RunHeaders, InterceptedActivation, InterceptedStart, Interceptor } from './interceptor.js';

const mostHeaderText = 8_192;

type Hook<A> = (about: A, next: () => Promise<unknown>) => Promise<unknown>;
type HookOf<K extends 'activity' | 'query'> = NonNullable<Interceptor[K]>;

/** The interceptors of an open engine or client, those without a hook left out: a thing without one pays a look. */
export class Interceptors {
  readonly activity: readonly HookOf<'activity'>[];
  readonly query: readonly HookOf<'query'>[];
  readonly #headers: readonly NonNullable<Interceptor['headers']>[];
  readonly #activation: readonly NonNullable<Interceptor['activation']>[];
  readonly #log: ContextLogger;

  constructor(interceptors: readonly Interceptor[], log: ContextLogger) {
    const hooks = <K extends keyof Interceptor>(name: K): NonNullable<Interceptor[K]>[] =>
      interceptors.flatMap((one) => {
        const hook = one[name] as ((...args: never[]) => unknown) | undefined;
        return hook ? [hook.bind(one) as NonNullable<Interceptor[K]>] : [];
      });
    this.activity = hooks('activity');
    this.query = hooks('query');
    this.#headers = hooks('headers');
    this.#activation = hooks('activation');
    this.#log = log;
  }

  /** What goes with a run that is about to start; undefined for nothing. Throws `InterceptorError`. */
  headersOf(start: InterceptedStart): RunHeaders | undefined {
    if (this.#headers.length === 0) return undefined;
    const headers: Record<string, string> = {};
    for (const hook of this.#headers) {
      try {
        Object.assign(headers, hook(start));
      } catch (cause) {
        throw new InterceptorError(`An interceptor refused the start of '${start.type}'`, { cause });
      }
    }
    const wrong = Object.entries(headers).find(([, value]) => typeof value !== 'string');
    if (wrong) throw new InterceptorError(`The header '${wrong[0]}' of an interceptor must be a string`);
    const size = JSON.stringify(headers).length;
    if (size <= mostHeaderText) return size > 2 ? headers : undefined;
    throw new InterceptorError(
      `The headers of interceptors are ${size} characters where ${mostHeaderText} are allowed`,
    );
  }

  /** Calls what looks at activations; what it returns is to be called at the end. Undefined where nothing looks. */
  activation(about: () => InterceptedActivation): ReturnType<NonNullable<Interceptor['activation']>> {
    if (this.#activation.length === 0) return undefined;
    const activation = about();
    const ends = this.#activation.map((hook) => this.#guarded(() => hook(activation)));
    return (end) => {
      for (const ended of [...ends].reverse()) if (ended) this.#guarded(() => ended(end));
    };
  }

  #guarded<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  readonly #report = (error: unknown): void => {
    this.#log.warn('An interceptor failed; what it went around counts all the same', {
      code: 'interceptor_failed',
      error,
    });
  };

  /**
   * `code` inside of the hooks. Settles as the code does and when it does; the hooks end in their own time. Rejects with
   * `InterceptorError` where a hook has ended before the code could begin, which then never begins.
   */
  around<A, T>(hooks: readonly Hook<A>[], about: A, code: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let outcome: Promise<T> | undefined;
      let failure: { readonly of: unknown } | undefined;
      let refused: InterceptorError | undefined;
      const refuse = (message: string, cause?: unknown): InterceptorError => {
        refused ??= new InterceptorError(message, { cause });
        reject(refused);
        return refused;
      };
      const begin = (): Promise<T> => {
        outcome = code();
        outcome.then(resolve, (error: unknown) => {
          failure = { of: error };
          reject(error);
        });
        return outcome;
      };
      const enter = async (depth: number): Promise<T> => {
        if (refused) throw refused;
        const hook = hooks[depth];
        if (!hook) return begin();
        let within: Promise<T> | undefined;
        const next = (): Promise<T> => {
          if (within) throw new InterceptorError('An interceptor may call `next` once');
          within = enter(depth + 1);
          within.catch(() => undefined); // it may be left alone
          return within;
        };
        try {
          await hook(about, next);
        } catch (error) {
          if (!outcome) throw refuse('An interceptor failed before what it goes around could begin', error);
          if (error !== failure?.of) this.#report(error);
        }
        if (!within) throw refuse('An interceptor ended without calling `next`');
        return within;
      };
      enter(0).catch(() => undefined); // told through the outcome
    });
  }
}
