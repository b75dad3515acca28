import type { Clock, Platform } from '@perdure/core/internal';
import { Random } from './random.js';
import type { Host, World } from './world.js';

/** setTimeout waits no longer; the core's own clock cuts its waits to this as well. Milliseconds. */
const longestWait = 3_600_000;

/**
 * A process of the simulated world: what the core needs of its host. It dies without a word, stands still for a while,
 * and its clock goes wrong; whatever it does is a step of the world's.
 */
export class SimulatedProcess implements Host {
  readonly name: string;
  readonly platform: Platform;
  readonly clock: Clock;
  alive = true;
  /** The owner of its leases, once its engine is open. */
  workerId: string | undefined;
  asleepUntil = 0;
  /** How far its clock is ahead of true time. Milliseconds. */
  skew: number;
  /** Whether it may die of a commit: a client goes on asking, and its questions with it. */
  readonly mortal: boolean;
  readonly #world: World;

  constructor(world: World, seed: number, name: string, skew: number, mortal: boolean) {
    this.name = name;
    this.mortal = mortal;
    this.skew = skew;
    this.#world = world;
    const random = Random.of(seed, name);
    const now = (): number => Math.floor(world.now + this.skew);
    this.clock = {
      now,
      setTimer: (at, callback) => {
        let cancel = (): void => undefined;
        // What hostClock does: a timer runs by the monotonic clock, and is checked against the other one.
        const wait = (): void => {
          cancel = this.after(Math.max(0, Math.min(at - now(), longestWait)), () => {
            if (now() < at) wait();
            else callback();
          });
        };
        wait();
        return () => {
          cancel();
        };
      },
    };
    this.platform = {
      now,
      monotonic: () => world.now,
      setTimer: (callback, ms) => this.after(ms, callback),
      hop: (callback) => void this.after(0, callback),
      randomUint32: () => random.uint32(),
      online: () => true,
      onOnline: () => () => undefined,
      // Without ticks and channels the core falls back to a task for every drain: a step of the world's.
      nextTick: undefined,
      newChannel: undefined,
      forgiveRejections: undefined,
      interactive: false,
    };
  }

  /** A number that nothing recorded can tell. */
  chance(below: number): number {
    return this.platform.randomUint32() % below;
  }

  after(ms: number, act: () => void): () => void {
    return this.#world.after(ms, this, act);
  }
}
