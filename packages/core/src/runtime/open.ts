import { createSealer } from '../codec/byte-codecs.js';
import { defaultPayloadLimits } from '../codec/limits.js';
import { MonotonicUuid7 } from '../model/uuid.js';
import { Busy } from './busy.js';
import { ChangeFeed } from './change-feed.js';
import { Closings } from './client/closings.js';
import { Lifecycle } from './client/lifecycle.js';
import type { OpenCore } from './client/open-core.js';
import { hostClock } from './clock.js';
import { Committer } from './committer.js';
import { consoleLogger } from './console-logger.js';
import type { Core, LocalWorker } from './core.js';
import { Registry, type ActivityRecord, type WorkflowRecord } from './definitions.js';
import { Interceptors } from './interceptors.js';
import type { CoreOptions } from './open-options.js';
import { hostPlatform, type Platform } from './platform.js';
import { KnownAttributes } from './search/known-attributes.js';

/** What a test engine puts in place of the host. */
export interface CoreSeams {
  readonly platform?: Platform;
  readonly checks?: Partial<Core['checks']>;
}

/** An open core and how it ends. */
export interface Opened {
  readonly core: OpenCore;
  /** Gives the core its worker. */
  employ(worker: LocalWorker): void;
  /** Refuses calls from now on, ends every wait, lets calls under way end, then `before`, then lets go of the store. Idempotent. */
  close(before?: () => Promise<void>): Promise<void>;
  /** Lets go of everything at once, as a crash would: calls under way are never answered. */
  abandon(): void;
}

/** Opens the store and builds what every part of a client or engine shares, by options that were checked. Rejects with `InvalidArgumentError`, `StorageError`, `PlatformError`. */
export async function openCore(
  options: CoreOptions,
  code: {
    readonly workflows: readonly WorkflowRecord[];
    readonly activities: readonly ActivityRecord[];
  } = noCode,
  { platform = hostPlatform, checks }: CoreSeams = {},
): Promise<Opened> {
  const {
    namespace = 'default',
    clock = hostClock,
    logger = consoleLogger,
    codecs = [],
    interceptors = [],
    maxPayloadBytes,
  } = options;
  const registry = new Registry(code.workflows, code.activities);
  const sealer = createSealer(codecs);
  const storage = await options.storage.open();
  const busy = new Busy(platform);
  const lifecycle = new Lifecycle();
  const feed = new ChangeFeed(storage);
  let worker: LocalWorker | undefined;
  const closings = new Closings({
    storage,
    feed,
    clock,
    busy,
    log: logger,
    get worker() {
      return worker;
    },
  });
  const core: OpenCore = {
    namespace,
    storage,
    platform,
    clock,
    busy,
    committer: new Committer(storage, platform, busy),
    feed,
    registry,
    sealer,
    limits: { ...defaultPayloadLimits, ...(maxPayloadBytes !== undefined && { maxBytes: maxPayloadBytes }) },
    log: logger,
    ids: new MonotonicUuid7(() => platform.randomUint32()),
    interceptors: new Interceptors(interceptors, logger),
    attributes: new KnownAttributes({ storage, namespace }),
    checks: { shadowReplay: checks?.shadowReplay ?? false, alwaysEvict: checks?.alwaysEvict ?? false },
    get worker() {
      return worker;
    },
    assertOpen: () => {
      lifecycle.assertOpen();
    },
    closings,
    command: (work) => lifecycle.during(() => busy.during(work)),
    onClose: (listener) => lifecycle.onClose(listener),
  };

  let closed: Promise<void> | undefined;
  const end = async (before: (() => Promise<void>) | undefined): Promise<void> => {
    const underWay = lifecycle.close();
    closings.close();
    await underWay;
    await before?.();
    feed.close();
    await storage.close();
  };
  return {
    core,
    employ: (employed) => {
      worker = employed;
    },
    close: (before) => (closed ??= end(before)),
    abandon: () => {
      lifecycle.abandon();
      closings.abandon();
      feed.close();
      closed ??= storage.close().catch(() => undefined); // nobody is left to tell
    },
  };
}

const noCode = { workflows: [], activities: [] };
