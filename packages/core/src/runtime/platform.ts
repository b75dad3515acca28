/**
 * What is ambient, captured when the module loads, so that an application's fake timers cannot freeze the engine.
 * The core's one place that touches the host; everything else takes a `Platform` or a `Clock`.
 */
export interface Platform {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds for measuring slices of work; never steps back where the host can tell. */
  monotonic(): number;
  /** Calls back after about `ms`, and keeps no process alive with `background`. */
  setTimer(callback: () => void, ms: number, background: boolean): () => void;
  /** Calls back in a fresh task, as soon as the host allows. */
  hop(callback: () => void): void;
  randomUint32(): number;
  /** False where the host knows that there is no network. */
  online(): boolean;
  /** Calls back whenever there is a network again, as far as the host tells. */
  onOnline(listener: () => void): () => void;
  /** Calls back when the microtask queue has become empty, in hosts that can say so; absent elsewhere. */
  readonly nextTick: ((callback: () => void) => void) | undefined;
  readonly newChannel: (() => Channel) | undefined;
  /**
   * Keeps rejections that are `ours` from ending the process, where an unhandled one would; all others end it as they
   * do without this. Absent where no rejection ends anything, or where the user has chosen what one does.
   */
  readonly forgiveRejections: ((ours: (reason: unknown) => boolean) => () => void) | undefined;
  /** Whether long work should yield soon: a window has frames to draw. */
  readonly interactive: boolean;
}
export interface Channel {
  readonly port1: Port;
  readonly port2: Port;
}
interface Port {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: () => void): void;
  start(): void;
  unref?(): void;
}

interface NodeProcess {
  readonly nextTick?: (callback: () => void) => void;
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  on?(event: 'unhandledRejection', listener: (reason: unknown) => void): void;
  off?(event: 'unhandledRejection', listener: (reason: unknown) => void): void;
  listenerCount?(event: 'unhandledRejection'): number;
}

interface Ambient {
  readonly setTimeout: (callback: () => void, ms: number) => { unref?: () => void } | number;
  readonly clearTimeout: (timer: unknown) => void;
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly performance?: { now(): number };
  readonly process?: NodeProcess;
  readonly MessageChannel?: new () => Channel;
  readonly crypto?: { getRandomValues(words: Uint32Array): Uint32Array };
  readonly document?: unknown;
  readonly navigator?: { readonly onLine?: boolean };
  readonly addEventListener?: (type: 'online', listener: () => void) => void;
  readonly removeEventListener?: (type: 'online', listener: () => void) => void;
}

const ambient = globalThis as unknown as Ambient;
const { setTimeout, clearTimeout, setImmediate, MessageChannel } = ambient;
const { performance, process, crypto } = ambient;
const dateNow = Date.now;
const nextTick = process?.nextTick;

export const hostPlatform: Platform = {
  now: () => dateNow(),
  monotonic: () => performance?.now() ?? dateNow(),
  setTimer(callback, ms, background) {
    const timer = setTimeout(callback, ms);
    if (background && typeof timer === 'object') timer.unref?.();
    return () => {
      clearTimeout(timer);
    };
  },
  hop: makeHop(),
  randomUint32: makeRandom(),
  online: () => ambient.navigator?.onLine !== false,
  onOnline(listener) {
    ambient.addEventListener?.('online', listener);
    return () => {
      ambient.removeEventListener?.('online', listener);
    };
  },
  nextTick:
    nextTick &&
    ((callback) => {
      nextTick.call(process, callback);
    }),
  newChannel: MessageChannel && (() => new MessageChannel()),
  forgiveRejections: makeForgiveRejections(),
  interactive: ambient.document !== undefined,
};

function makeHop(): Platform['hop'] {
  if (setImmediate) return (callback) => void setImmediate(callback);
  if (!MessageChannel) return (callback) => void setTimeout(callback, 0);
  // setTimeout(0) costs 4 ms in browsers once nested; a message is delivered in microseconds.
  let channel: Channel | undefined;
  const waiting: (() => void)[] = [];
  return (callback) => {
    if (!channel) {
      channel = new MessageChannel();
      channel.port1.addEventListener('message', () => {
        waiting.shift()?.();
      });
      channel.port1.start();
    }
    waiting.push(callback);
    channel.port2.postMessage(0);
  };
}

function makeForgiveRejections(): Platform['forgiveRejections'] {
  if (!process?.on || !process.off || !process.listenerCount) return undefined;
  const chosen = [...(process.execArgv ?? []), process.env?.['NODE_OPTIONS'] ?? ''];
  if (chosen.some((option) => option.includes('--unhandled-rejections'))) return undefined;
  const forgiving = new Set<(reason: unknown) => boolean>();
  const listener = (reason: unknown): void => {
    for (const ours of forgiving) if (ours(reason)) return;
    // Nobody else listens: what Node does then. https://nodejs.org/api/cli.html#--unhandled-rejectionsmode
    if (process.listenerCount?.('unhandledRejection') === 1) throw reason;
  };
  return (ours) => {
    if (forgiving.size === 0) process.on?.('unhandledRejection', listener);
    forgiving.add(ours);
    return () => {
      forgiving.delete(ours);
      if (forgiving.size === 0) process.off?.('unhandledRejection', listener);
    };
  };
}

function makeRandom(): () => number {
  if (!crypto) return () => Math.floor(Math.random() * 0x100000000);
  const words = new Uint32Array(64);
  let used = words.length;
  return () => {
    if (used === words.length) {
      crypto.getRandomValues(words);
      used = 0;
    }
    return words[used++] as number;
  };
}
