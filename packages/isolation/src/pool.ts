import { PerdureError, type ActivityContext } from '@perdure/core';
import { IsolatedProcess, type ProcessOptions } from './isolated-process.js';

const { setTimeout, clearTimeout } = globalThis;

export interface PoolOptions extends ProcessOptions {
  readonly processes: number;
  /** Attempts after which a process is replaced; 0 for never. */
  readonly recycleAfter: number;
  /** How long an idle process is kept. Milliseconds. */
  readonly idleTimeout: number;
}

interface Waiting {
  take(process: IsolatedProcess): void;
  refuse(reason: Error): void;
}

/** At most so many processes, each with one attempt at a time; who finds none free waits for its turn. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #all = new Set<IsolatedProcess>();
  /** The one that was busy last comes last, and is taken first. */
  readonly #idle = new Map<IsolatedProcess, NodeJS.Timeout>();
  readonly #waiting = new Set<Waiting>();
  #closed: Promise<void> | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async run(activityType: string, input: unknown, activity: ActivityContext): Promise<unknown> {
    const process = await this.#take(activity.signal);
    try {
      return await process.run(activityType, input, activity);
    } finally {
      void process.idle().then(() => {
        this.#release(process);
      });
    }
  }

  /** Kills what runs, ends what is idle, refuses what waits. Resolves once no process is left. Idempotent. */
  close(): Promise<void> {
    return (this.#closed ??= this.#end());
  }

  async #end(): Promise<void> {
    for (const timer of this.#idle.values()) clearTimeout(timer);
    for (const waiting of [...this.#waiting]) waiting.refuse(closed());
    await Promise.all([...this.#all].map((process) => process.end()));
  }

  #assertOpen(): void {
    if (this.#closed) throw closed();
  }

  async #take(signal: AbortSignal): Promise<IsolatedProcess> {
    this.#assertOpen();
    signal.throwIfAborted();
    return this.#free() ?? this.#turn(signal);
  }

  #free(): IsolatedProcess | undefined {
    for (const process of [...this.#idle.keys()].reverse()) {
      clearTimeout(this.#idle.get(process));
      this.#idle.delete(process);
      if (process.alive) return process;
    }
    return this.#all.size < this.#options.processes ? this.#begin() : undefined;
  }

  #begin(): IsolatedProcess {
    const process = new IsolatedProcess(this.#options);
    this.#all.add(process);
    void process.ended.then(() => {
      this.#all.delete(process);
      clearTimeout(this.#idle.get(process));
      this.#idle.delete(process);
      this.#next();
    });
    return process;
  }

  #turn(signal: AbortSignal): Promise<IsolatedProcess> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        waiting.refuse(signal.reason as Error);
      };
      const waiting: Waiting = {
        refuse: (reason) => {
          this.#waiting.delete(waiting);
          signal.removeEventListener('abort', stop);
          reject(reason);
        },
        take: (process) => {
          signal.removeEventListener('abort', stop);
          resolve(process);
        },
      };
      signal.addEventListener('abort', stop);
      this.#waiting.add(waiting);
    });
  }

  #release(process: IsolatedProcess): void {
    process.rest();
    const { recycleAfter, idleTimeout } = this.#options;
    if (this.#closed || !process.alive || (recycleAfter > 0 && process.begun >= recycleAfter)) {
      void process.end();
      return;
    }
    const timer = setTimeout(() => {
      this.#idle.delete(process);
      void process.end();
    }, idleTimeout);
    timer.unref();
    this.#idle.set(process, timer);
    this.#next();
  }

  /** Gives a process that is free, or may be begun, to whoever has waited longest. */
  #next(): void {
    const [first] = this.#waiting;
    if (!first) return;
    const process = this.#closed ? undefined : this.#free();
    if (!process) return;
    this.#waiting.delete(first);
    first.take(process);
  }
}

function closed(): PerdureError {
  return new PerdureError('isolation_closed', 'This isolation is closed; make another one');
}
