import type { ChangeHint, Unwatch } from '@perdure/core/storage';

export type Listener = (hint: ChangeHint) => void;

/** What goes between tabs. It says no more than "look again", because anybody on the origin can send it. */
interface Message {
  readonly runs: readonly string[];
  readonly queues: readonly string[];
  /** Workers have come or gone. */
  readonly workers: boolean;
}

/** A message with more names than this says only that something has changed. */
const mostNames = 1_000;
/** Broadcasts of one page are this far apart, so that a busy engine does not wake every tab at each commit. */
const intervalMs = 4;

/** The handles of one database in one page, and their common channel to other tabs and workers. */
const hubs = new Map<string, Hub>();

class Hub {
  readonly members = new Set<Hints>();
  readonly #channel: BroadcastChannel | undefined;
  #runs = new Set<string>();
  #queues = new Set<string>();
  #telling = false;
  #outbox: Message = { runs: [], queues: [], workers: false };
  #sentAt = 0;
  #sending = false;

  constructor(name: string) {
    // Not everywhere: without it only this page's handles hear of changes at once, the others when they poll.
    if (typeof BroadcastChannel === 'undefined') return;
    this.#channel = new BroadcastChannel(`perdure:${name}`);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = understood(data);
      if (message === undefined) return;
      if (message.runs.length + message.queues.length > 0) this.#emit(message.runs, message.queues);
      if (message.workers) for (const member of this.members) member.onWorkers();
    };
    // An open channel keeps a Node process alive.
    (this.#channel as { readonly unref?: () => void }).unref?.();
  }

  changed(runs: Iterable<string>, queues: Iterable<string>): void {
    for (const run of runs) this.#runs.add(run);
    for (const queue of queues) this.#queues.add(queue);
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      const told = { runs: [...this.#runs], queues: [...this.#queues] };
      this.#runs = new Set();
      this.#queues = new Set();
      this.#telling = false;
      this.#emit(told.runs, told.queues);
      this.#send({ ...told, workers: false });
    });
  }

  workersChanged(by: Hints): void {
    for (const member of this.members) if (member !== by) member.onWorkers();
    this.#send({ runs: [], queues: [], workers: true });
  }

  close(): void {
    this.#flush();
    this.#channel?.close();
  }

  #emit(runs: readonly string[], queues: readonly string[]): void {
    const hint: ChangeHint = runs.length > mostNames ? { kind: 'unknown' } : { kind: 'changed', runs, queues };
    for (const member of [...this.members]) member.emit(hint);
  }

  #send(message: Message): void {
    if (this.#channel === undefined) return;
    this.#outbox = {
      runs: [...new Set([...this.#outbox.runs, ...message.runs])].slice(0, mostNames + 1),
      queues: [...new Set([...this.#outbox.queues, ...message.queues])],
      workers: this.#outbox.workers || message.workers,
    };
    if (this.#sending) return;
    const wait = this.#sentAt + intervalMs - Date.now();
    if (wait <= 0 || wait > intervalMs) {
      this.#flush();
      return;
    }
    this.#sending = true;
    setTimeout(() => {
      this.#flush();
    }, wait);
  }

  #flush(): void {
    this.#sending = false;
    const message = this.#outbox;
    if (message.runs.length + message.queues.length === 0 && !message.workers) return;
    this.#outbox = { runs: [], queues: [], workers: false };
    this.#sentAt = Date.now();
    try {
      this.#channel?.postMessage(message);
    } catch {
      // Closed meanwhile. A hint may be lost.
    }
  }
}

/** What one handle tells and hears. */
export class Hints {
  readonly #name: string;
  readonly #listeners = new Set<Listener>();
  /** Workers in reach have come or gone. */
  onWorkers: () => void = () => undefined;

  constructor(name: string) {
    this.#name = name;
    let hub = hubs.get(name);
    if (hub === undefined) hubs.set(name, (hub = new Hub(name)));
    hub.members.add(this);
  }

  watch(listener: Listener): Unwatch {
    // Wrapped, so that a listener given twice is two, and each goes by itself.
    const own: Listener = (hint) => {
      listener(hint);
    };
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** Tells every handle in reach. Only after the transaction has ended. */
  changed(runs: ReadonlySet<string>, queues: ReadonlySet<string>): void {
    if (runs.size + queues.size > 0) hubs.get(this.#name)?.changed(runs, queues);
  }

  /** Tells every handle in reach but this one. */
  workersChanged(): void {
    hubs.get(this.#name)?.workersChanged(this);
  }

  /** Tells this handle's listeners. */
  emit(hint: ChangeHint): void {
    for (const listener of [...this.#listeners]) {
      try {
        if (this.#listeners.has(listener)) listener(hint);
      } catch {
        // A listener's error is its own (N1): it must reach neither the writer nor the other listeners.
      }
    }
  }

  close(): void {
    this.#listeners.clear();
    const hub = hubs.get(this.#name);
    if (hub?.members.delete(this) !== true || hub.members.size > 0) return;
    hubs.delete(this.#name);
    hub.close();
  }
}

function understood(data: unknown): Message | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { runs, queues, workers } = data as { readonly [part in keyof Message]?: unknown };
  return areNames(runs) && areNames(queues) && typeof workers === 'boolean'
    ? { runs, queues, workers }
    : undefined;
}

function areNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= mostNames + 1 && value.every((name) => typeof name === 'string');
}
