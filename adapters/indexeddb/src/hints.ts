import { Hints, type ChangeHint, type Unwatch } from '@perdure/core/storage';

/** What goes between tabs. It says no more than "look again", because anybody on the origin can send it. */
interface Message {
  readonly runs: readonly string[];
  readonly queues: readonly string[];
  /** Workers have come or gone. */
  readonly workers: boolean;
}
const nothing: Message = { runs: [], queues: [], workers: false };

/** More names than this say only that something has changed. */
const mostNames = 1_000;
/** Broadcasts of one page are this far apart, so that a busy engine does not wake every tab at each commit. */
const intervalMs = 10;

/** The handles of one database in one page, by its name, and their common channel to other tabs and workers. */
const hubs = new Map<string, Hub>();

class Hub {
  readonly members = new Set<HandleHints>();
  #channel: BroadcastChannel | undefined;
  #local = nothing;
  #telling = false;
  #outbox = nothing;
  #sentAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    this.open();
  }

  open(): void {
    // Not everywhere. Without it the handles of other tabs learn of a change when they next look.
    if (this.#channel !== undefined || typeof BroadcastChannel === 'undefined') return;
    this.#channel = new BroadcastChannel(`perdure:${this.#name}`);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isMessage(data)) this.#tell(data);
    };
    // An open channel keeps a Node process alive.
    (this.#channel as { readonly unref?: () => void }).unref?.();
  }

  /** Commits in a row make one hint. */
  changed(runs: Iterable<string>, queues: Iterable<string>): void {
    this.#local = joined(this.#local, { runs: [...runs], queues: [...queues], workers: false });
    if (this.#telling) return;
    this.#telling = true;
    // Not `queueMicrotask`, which an application's tests may have put a fake in the place of.
    void Promise.resolve().then(() => {
      const message = this.#local;
      this.#local = nothing;
      this.#telling = false;
      this.#tell(message);
      this.#send(message);
    });
  }

  workersChanged(by: HandleHints): void {
    for (const member of this.members) if (member !== by) member.onWorkers();
    this.#send({ ...nothing, workers: true });
  }

  close(): void {
    this.#flush();
    this.#channel?.close();
    this.#channel = undefined;
  }

  #tell({ runs, queues, workers }: Message): void {
    const hint: ChangeHint =
      runs.length > mostNames ? { kind: 'unknown' } : { kind: 'changed', runs, queues };
    for (const member of this.members) {
      if (runs.length + queues.length > 0) member.tell(hint);
      if (workers) member.onWorkers();
    }
  }

  #send(message: Message): void {
    this.#outbox = joined(this.#outbox, message);
    if (this.#channel === undefined || this.#timer !== undefined) return;
    const wait = this.#sentAt + intervalMs - Date.now();
    // Longer than the interval: the clock was set back.
    if (wait <= 0 || wait > intervalMs) this.#flush();
    else
      this.#timer = setTimeout(() => {
        this.#flush();
      }, wait);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#outbox === nothing) return;
    this.#channel?.postMessage(this.#outbox);
    this.#outbox = nothing;
    this.#sentAt = Date.now();
  }
}

/** What one handle tells and hears. */
export class HandleHints {
  readonly #name: string;
  readonly #listeners = new Hints();
  /** Workers in reach have come or gone. */
  onWorkers: () => void = () => undefined;

  constructor(name: string) {
    this.#name = name;
    let hub = hubs.get(name);
    if (hub === undefined) hubs.set(name, (hub = new Hub(name)));
    hub.members.add(this);
  }

  watch(listener: (hint: ChangeHint) => void): Unwatch {
    return this.#listeners.watch(listener);
  }

  /** Tells this handle's listeners. */
  tell(hint: ChangeHint): void {
    this.#listeners.tell(hint);
  }

  /** Tells every handle in reach. Only after the transaction has ended. */
  changed({
    changed,
    queues,
  }: {
    readonly changed: ReadonlySet<string>;
    readonly queues: ReadonlySet<string>;
  }): void {
    if (changed.size > 0) hubs.get(this.#name)?.changed(changed, queues);
  }

  /** A page that goes to sleep must have no channel open, or the browser may throw it out of the cache. */
  suspend(): void {
    hubs.get(this.#name)?.close();
  }
  resume(): void {
    hubs.get(this.#name)?.open();
  }

  /** Tells every handle in reach but this one. */
  workersChanged(): void {
    hubs.get(this.#name)?.workersChanged(this);
  }

  close(): void {
    const hub = hubs.get(this.#name);
    if (hub?.members.delete(this) !== true || hub.members.size > 0) return;
    hubs.delete(this.#name);
    hub.close();
  }
}

function joined(a: Message, b: Message): Message {
  if (a === nothing) return b;
  return {
    // One too many is as good as all.
    runs: [...new Set([...a.runs, ...b.runs])].slice(0, mostNames + 1),
    queues: [...new Set([...a.queues, ...b.queues])],
    workers: a.workers || b.workers,
  };
}

function isMessage(data: unknown): data is Message {
  if (typeof data !== 'object' || data === null) return false;
  const { runs, queues, workers } = data as { readonly [part in keyof Message]?: unknown };
  return areNames(runs) && areNames(queues) && typeof workers === 'boolean';
}

function areNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
