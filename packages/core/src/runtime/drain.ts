import type { Channel, Platform } from './platform.js';

/**
 * Calls `step` again and again until it says false. Between two calls the microtask queue has become empty, so whatever
 * a step set in motion has gone as far as it can. Resolves after the last call. One at a time.
 */
export type Drain = (step: () => boolean) => Promise<void>;

/** How long steps may follow each other before other tasks get a turn. Milliseconds. */
const slice = { interactive: 8, otherwise: 20 };

/** The best drain of this host: an exact one where the probe shows that it is exact, else a task a step. */
export async function chooseDrain(platform: Platform): Promise<Drain> {
  const { nextTick, newChannel } = platform;
  for (const candidate of [
    nextTick && tickDrain(platform, nextTick),
    newChannel && portDrain(platform, newChannel),
  ]) {
    if (candidate && (await isExact(candidate, platform))) return candidate;
  }
  return hopDrain(platform);
}

/**
 * Node, Bun, Deno: a tick that is scheduled from inside a microtask runs when the microtask queue is empty.
 * Ticks starve timers and I/O, hence the slices.
 */
export function tickDrain(platform: Platform, nextTick: (callback: () => void) => void): Drain {
  const microtask = Promise.resolve();
  return stepByStep(platform, (turn) => {
    const tick = (): void => {
      nextTick(turn);
    };
    return () => {
      void microtask.then(tick);
    };
  });
}

/**
 * Browsers: after each listener of a natively dispatched event the platform performs a microtask checkpoint (HTML
 * standard, "clean up after running script"), so with many listeners on one port every listener is one step.
 */
export function portDrain(platform: Platform, newChannel: () => Channel): Drain {
  const listeners = 64;
  let channel: Channel | undefined;
  let turn: (() => boolean) | undefined;
  const open = (): Channel => {
    const opened = newChannel();
    // Distinct closures: a listener that is registered twice is one listener.
    for (let i = 0; i < listeners; i++) {
      opened.port1.addEventListener('message', () => {
        if (turn && !turn()) turn = undefined;
      });
    }
    opened.port1.addEventListener('message', () => {
      if (turn) opened.port2.postMessage(0);
    });
    opened.port1.start();
    opened.port1.unref?.();
    return opened;
  };
  return (step) =>
    new Promise((resolve, reject) => {
      channel ??= open();
      const { port2 } = channel;
      let endOfSlice = platform.monotonic() + sliceOf(platform);
      const next = (): boolean => {
        if (platform.monotonic() > endOfSlice) {
          platform.hop(() => {
            endOfSlice = platform.monotonic() + sliceOf(platform);
            turn = next;
            port2.postMessage(0);
          });
          return false;
        }
        try {
          if (step()) return true;
        } catch (error) {
          reject(error);
          return false;
        }
        resolve();
        return false;
      };
      turn = next;
      port2.postMessage(0);
    });
}

/** Anywhere: a fresh task for every step. Slow in browsers, exact everywhere. */
export function hopDrain(platform: Platform): Drain {
  return stepByStep(platform, (turn) => () => {
    platform.hop(turn);
  });
}

/** One at a time, so that the parts are made once and not for every activation. */
function stepByStep(platform: Platform, prepare: (turn: () => void) => () => void): Drain {
  let step: () => boolean;
  let resolve: () => void;
  let reject: (reason: unknown) => void;
  let endOfSlice = 0;
  const newSlice = (): void => {
    endOfSlice = platform.monotonic() + sliceOf(platform);
    turn();
  };
  const turn = (): void => {
    if (platform.monotonic() > endOfSlice) {
      platform.hop(newSlice);
      return;
    }
    try {
      if (step()) afterDrain();
      else resolve();
    } catch (error) {
      reject(error);
    }
  };
  const afterDrain = prepare(turn);
  const begin: ConstructorParameters<typeof Promise<void>>[0] = (onEnd, onError) => {
    resolve = onEnd;
    reject = onError;
    endOfSlice = platform.monotonic() + sliceOf(platform);
    afterDrain();
  };
  return (next) => {
    step = next;
    return new Promise(begin);
  };
}

function sliceOf(platform: Platform): number {
  return platform.interactive ? slice.interactive : slice.otherwise;
}

/** A chain of 500 microtasks in the first step must have ended when the second one is called. */
async function isExact(drain: Drain, platform: Platform): Promise<boolean> {
  let links = 0;
  let exact = false;
  let steps = 0;
  const chain = async (): Promise<void> => {
    while (links < 500) {
      await Promise.resolve();
      links += 1;
    }
  };
  const probe = drain(() => {
    steps += 1;
    if (steps === 1) {
      void chain();
      return true;
    }
    exact = links === 500;
    return false;
  });
  // A host whose events are not native may never call back: give it a few tasks.
  const silence = new Promise<void>((resolve) => {
    let hops = 0;
    const hop = (): void => {
      hops += 1;
      if (hops > 50) resolve();
      else platform.hop(hop);
    };
    hop();
  });
  await Promise.race([probe, silence]);
  return exact;
}
