import type { RunningCode } from './running-code.js';
import type { Scope } from './scope.js';

type Listener = ((event: unknown) => unknown) | { handleEvent(event: unknown): unknown };
interface Target {
  addEventListener(type: string, listener: Listener, options?: unknown): void;
  removeEventListener(type: string, listener: Listener, options?: unknown): void;
}

/** The signal of a scope, made when it is first asked for. */
export function scopeSignal(run: RunningCode, scope: Scope): AbortSignal {
  if (!scope.controller) {
    scope.controller = new AbortController();
    listenInside(run, scope.controller.signal);
    run.scopes.signalling.push(scope);
    run.scopes.abort(scope);
  }
  return scope.controller.signal;
}

/**
 * Listeners are workflow code: each runs in the scope in which it was added, and its error fails the workflow, where the
 * host would have reported it as its own.
 */
function listenInside(run: RunningCode, target: Target): void {
  const wrapped = new WeakMap<Listener, Listener>();
  const add = target.addEventListener.bind(target);
  const remove = target.removeEventListener.bind(target);
  target.addEventListener = (type, listener, options) => {
    const { current } = run.scopes;
    const call = async (event: unknown): Promise<void> => {
      await (typeof listener === 'function' ? listener(event) : listener.handleEvent(event));
    };
    const inside =
      wrapped.get(listener) ??
      ((event) => {
        run.scopes
          .run(current, () => call(event))
          .catch((error: unknown) => {
            run.fail(error);
          });
      });
    wrapped.set(listener, inside);
    add(type, inside, options);
  };
  target.removeEventListener = (type, listener, options) => {
    remove(type, wrapped.get(listener) ?? listener, options);
  };
  handlerAsListener(target);
}

/** Hosts call what `onabort` is set to by ways of their own. */
function handlerAsListener(target: Target): void {
  let handler: unknown = null;
  let listener: Listener | undefined;
  Object.defineProperty(target, 'onabort', {
    get: () => handler,
    set: (given: unknown) => {
      if (listener) target.removeEventListener('abort', listener);
      handler = typeof given === 'function' ? given : null;
      listener =
        typeof given === 'function' ? (event) => (given as (event: unknown) => unknown)(event) : undefined;
      if (listener) target.addEventListener('abort', listener);
    },
  });
}
