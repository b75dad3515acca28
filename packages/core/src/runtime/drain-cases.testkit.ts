import type { Drain } from './drain.js';

/** What every drain of every host must do; run by the tests of Node, happy-dom, Chromium windows and workers. */
export const drainCases: Readonly<Record<string, (drain: Drain) => Promise<void>>> = {
  'a chain of any depth has ended before the next step': async (drain) => {
    for (const depth of [1, 10, 200, 2_000]) {
      let links = 0;
      let steps = 0;
      let between = -1;
      await drain(() => {
        steps += 1;
        if (steps === 1) {
          void (async () => {
            for (; links < depth; links++) await undefined;
          })();
          return true;
        }
        between = links;
        return false;
      });
      if (between !== depth) throw new Error(`${between} of ${depth} links had run`);
    }
  },
  'thenables of their own making are waited for': async (drain) => {
    let settled = false;
    let steps = 0;
    await drain(() => {
      steps += 1;
      if (steps === 2) {
        if (!settled) throw new Error('the thenable had not settled');
        return false;
      }
      const slow = {
        then: (resolve: (value: unknown) => void) => {
          void Promise.resolve()
            .then(() => Promise.resolve())
            .then(() => {
              resolve(1);
            });
        },
      };
      void (async () => {
        await slow;
        await slow;
        settled = true;
      })();
      return true;
    });
  },
  'many steps in order, more than one slice': async (drain) => {
    const seen: number[] = [];
    await drain(() => {
      seen.push(seen.length);
      const end = Date.now() + (seen.length % 50 === 0 ? 3 : 0);
      while (Date.now() < end); // makes the steps outlast a slice
      return seen.length < 1_000;
    });
    if (seen.some((value, i) => value !== i) || seen.length !== 1_000)
      throw new Error('steps were lost or out of order');
  },
  'one after the other': async (drain) => {
    let sum = 0;
    for (let i = 0; i < 20; i++) await drain(() => ++sum % 3 !== 0);
    if (sum !== 60) throw new Error(`ran ${sum} steps instead of 60`);
  },
  'a step that throws rejects': async (drain) => {
    const error = new Error('step');
    const caught = await drain(() => {
      throw error;
    }).catch((reason: unknown) => reason);
    if (caught !== error) throw new Error('the error was lost');
    await drain(() => false);
  },
};
