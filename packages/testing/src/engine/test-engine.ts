import {
  EngineClosedError,
  InvalidArgumentError,
  type Duration,
  type Engine,
  type EngineOptions,
  type Storage,
} from '@perdure/core';
import { hostPlatform, openEngine, parseDuration, type OpenEngine } from '@perdure/core/internal';
import { memory } from '@perdure/memory';
import { CrashingStorage, type CrashPoint } from './crashing-storage.js';
import { followEngine } from './follow-engine.js';
import { TestNetwork } from './test-network.js';
import { TimeSkipper } from './time-skipper.js';
import { VirtualClock } from './virtual-clock.js';

/** The real engine on a virtual clock. After `close` all its methods reject with `EngineClosedError`. */
export interface TestEngine extends Engine {
  /** Virtual time. */
  readonly now: Date;
  /**
   * Moves virtual time on; everything due on the way happens in order. An activity that does not end within a moment of
   * real time is passed by, so that it can time out.
   */
  advance(by: Duration): Promise<void>;
  /** Until nothing can happen without time moving on or a message; an activity that hangs is left alone. */
  runUntilIdle(): Promise<void>;
  /**
   * Drops all memory of this process as a crash would and opens the same storage again: now, or just before or after
   * the next commit reaches the store. The dead worker's leases are free at once, as where the platform reports a
   * death; with `keepLeases` they have to run out on the virtual clock. Resolves once the storage is open again.
   * Handles from before the crash go on with the new engine, and so do results and updates that are awaited across it.
   * Other calls under way reject with `EngineClosedError`; what they asked for may have been recorded. Streams that were
   * subscribed to before belong to the dead engine: subscribe again.
   * Rejects with `InvalidArgumentError` for an unknown `at`.
   */
  crash(options?: CrashOptions): Promise<void>;
  /** What the platform says of the network from now on: activities that require it wait while there is none. At first there is one. */
  setOnline(online: boolean): void;
}

export interface CrashOptions {
  /** Default `now`. */
  at?: 'now' | CrashPoint;
  /** Default false. */
  keepLeases?: boolean;
}

export interface TestEngineOptions extends Omit<EngineOptions, 'storage' | 'clock'> {
  /** Default: a fresh `memory()`. */
  storage?: Storage;
  /** Default: the time now. */
  startAt?: Date;
  /** Time skips by itself while a result is awaited and nothing but timers is pending. Default true. */
  autoSkip?: boolean;
  /** Drop every run from memory after each activation, so that every step is a replay. Default false. */
  alwaysEvict?: boolean;
  /** Replay from event 1 after each commit and compare; a difference blocks the run with its report. Default false. */
  shadowReplay?: boolean;
}

/**
 * The real engine on a virtual clock, which every timeout uses, `result({ timeout })` included. Rejects like
 * `createEngine`.
 *
 * ```ts
 * const engine = await createTestEngine({ workflows: [reminder], activities: [mockActivity(send, async () => 'sent')] });
 * const handle = await engine.start(reminder, { inDays: 30 });
 * expect(await handle.result()).toBe('sent'); // thirty days pass in a moment
 * await engine.close();
 * ```
 */
export async function createTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const {
    storage = memory(),
    startAt,
    autoSkip = true,
    alwaysEvict = false,
    shadowReplay = false,
    ...rest
  } = options;
  const start: unknown = startAt ?? new Date();
  if (!(start instanceof Date) || Number.isNaN(start.getTime())) {
    throw new InvalidArgumentError('The engine cannot be opened', [
      { path: 'startAt', message: 'must be a valid Date' },
    ]);
  }
  const clock = new VirtualClock(start.getTime());
  const network = new TestNetwork();
  const open = async (): Promise<Life> => {
    const crashing = new CrashingStorage(storage);
    const opened = await openEngine(
      { ...rest, storage: crashing, clock },
      { checks: { alwaysEvict, shadowReplay }, platform: network.on(hostPlatform) },
    );
    return { ...opened, crashing, skipper: new TimeSkipper(opened.core, clock, autoSkip) };
  };
  let life = await open();
  let closed = false;
  const assertOpen = (): void => {
    if (closed) throw new EngineClosedError();
  };
  let crashing: Promise<void> | undefined;
  const followed = followEngine(
    () => life.engine,
    () => crashing,
  );

  const crash = async ({ at = 'now', keepLeases = false }: CrashOptions = {}): Promise<void> => {
    assertOpen();
    if (!crashPoints.has(at)) {
      throw new InvalidArgumentError('The engine cannot crash', [
        { path: 'at', message: `must be one of ${[...crashPoints].join(', ')}` },
      ]);
    }
    const dying = life;
    if (at !== 'now') {
      const crashed = dying.crashing.crashAt(at);
      dying.skipper.pull(); // without anything under way the next commit may be one that only time brings
      await crashed;
    }
    crashing = replace(dying, keepLeases);
    try {
      await crashing;
    } finally {
      crashing = undefined;
    }
    followed.moved();
  };

  const replace = async (dying: Life, keepLeases: boolean): Promise<void> => {
    dying.skipper.stop();
    dying.abandon();
    await dying.crashing.die();
    if (!keepLeases) {
      const handle = await storage.open();
      await handle.releaseLeases(dying.worker.id);
      await handle.close();
    }
    life = await open();
  };

  return followed.engine({
    get now() {
      return new Date(clock.now());
    },
    advance: async (by: Duration) => {
      assertOpen();
      await life.skipper.advance(parseDuration(by, 'by'));
    },
    runUntilIdle: async () => {
      assertOpen();
      await life.core.busy.whenStill();
    },
    crash,
    setOnline: (online: boolean) => {
      network.set(online);
    },
    close: async (how?: { grace?: Duration }) => {
      closed = true;
      await crashing?.catch(() => undefined); // told to whoever asked for it
      life.skipper.stop();
      await life.skipper.through(life.engine.close(how));
    },
  });
}

const crashPoints: ReadonlySet<string> = new Set(['now', 'before-commit', 'after-commit']);

interface Life extends OpenEngine {
  readonly crashing: CrashingStorage;
  readonly skipper: TimeSkipper;
}
