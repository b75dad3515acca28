declare const phantom: unique symbol;

/** Holds a type and nothing else: how a definition remembers the types of its values. */
export interface Carries<T> {
  readonly [phantom]?: T;
}

/** What stands at run time where a type is carried. */
export const carrier: Carries<never> = Object.freeze({});

type IsAny<A> = 0 extends 1 & A ? true : false;

/**
 * The value, then options: positions are fixed, so that a value is never taken for options at run time. The value may
 * be left out only where its type is void, undefined, any or unknown: `start(w)`, `start(w, undefined, { id })`.
 */
export type Args<A, Options = never> =
  IsAny<A> extends true
    ? [arg?: any, options?: Options]
    : [A] extends [void]
      ? [arg?: undefined, options?: Options]
      : undefined extends A
        ? [arg?: A, options?: Options]
        : [arg: A, options?: Options];

/** The same for a value without options. */
export type Arg<A> =
  IsAny<A> extends true
    ? [arg?: any]
    : [A] extends [void]
      ? [arg?: undefined]
      : undefined extends A
        ? [arg?: A]
        : [arg: A];
