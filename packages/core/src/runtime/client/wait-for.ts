import { EngineClosedError } from '../../model/errors.js';
import type { RunId } from '../../model/ids.js';
import type { OpenCore } from './open-core.js';

const firstPause = 20;
const longestPause = 1_000;

/**
 * Looks again after every change of a run, and now and then without one, until there is something to see or the time is
 * up (undefined). Rejects with `EngineClosedError` when the client is closed, and with what looking throws.
 */
export function waitFor<T>(core: OpenCore, runId: RunId, within: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const { clock } = core;
    let pause = firstPause;
    let looking = false;
    let again = false;
    let over = false;
    let cancelPoll = (): void => undefined;
    const ends: (() => void)[] = [];
    const clean = (): void => {
      cancelPoll();
      for (const one of ends.splice(0)) one();
    };
    const end = (settle: () => void): void => {
      if (over) return;
      over = true;
      clean();
      settle();
    };
    const fail = (error: unknown): void => {
      end(() => {
        reject(error as Error);
      });
    };
    const lookNow = async (): Promise<void> => {
      if (over) return;
      again = looking;
      if (looking) return;
      looking = true;
      do {
        again = false;
        const seen = await core.command(look);
        if (seen !== undefined) end(() => { resolve(seen); });
      } while (again && !over);
      looking = false;
    };
    const poll = (): void => {
      cancelPoll = clock.setTimer(
        clock.now() + pause,
        () => {
          pause = Math.min(pause * 2, longestPause);
          if (!over) poll();
          lookNow().catch(fail);
        },
        'background',
      );
    };
    ends.push(
      core.onClose(() => {
        fail(new EngineClosedError());
      }),
      core.feed.onRun(runId, () => {
        lookNow().catch(fail);
      }),
      clock.setTimer(clock.now() + within, () => { end(() => { resolve(undefined); }); }, 'foreground'),
    );
    if (over) clean();
    else {
      poll();
      lookNow().catch(fail);
    }
  });
}
