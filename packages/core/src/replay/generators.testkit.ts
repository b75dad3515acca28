type Frames = Generator<unknown, unknown, never>;

/**
 * A workflow written as a generator: `yield` where an async function has `await`. It needs nothing of the library, whose
 * histories do not know how a workflow was written.
 */
export function generated<A extends unknown[]>(fn: (...args: A) => Frames): (...args: A) => Promise<unknown> {
  return (...args) =>
    new Promise((resolve, reject) => {
      const frames = fn(...args);
      const go = (next: () => IteratorResult<unknown, unknown>): void => {
        try {
          const { done, value } = next();
          if (done === true) resolve(value);
          else
            Promise.resolve(value).then(
              (settled) => {
                go(() => frames.next(settled as never));
              },
              (error: unknown) => {
                go(() => frames.throw(error));
              },
            );
        } catch (error) {
          reject(error);
        }
      };
      go(() => frames.next());
    });
}
