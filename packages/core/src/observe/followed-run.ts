import type { WorkflowDescription } from '../runtime/client/description.js';

/** Who wants to know how a run stands. */
export interface Watcher {
  /** Whether its tasks matter too, which change without the run: attempts and heartbeats. */
  readonly tasks: boolean;
  /** How it stands now: at first, and after each change. The same version may come again. */
  next(description: WorkflowDescription): void;
  /** It cannot be read, or `next` threw. The watcher leaves. */
  error(error: unknown): void;
}

/**
 * A run that somebody watches, read once however many do: changes during a read make one more. A watcher is told what
 * was read after it came, so its first value is no older than its subscription.
 */
export class FollowedRun {
  /** Told of changes only. */
  readonly #marks = new Set<() => void>();
  /** Each with the first read that is new enough for it. */
  readonly #watchers = new Map<Watcher, number>();
  readonly #describe: () => Promise<WorkflowDescription>;
  readonly #unwatch: () => void;
  /** The newest that was seen of it. */
  #version = 0;
  #reading = false;
  /** Reads begun, and how many there have to be. */
  #begun = 0;
  #wanted = 0;

  /** `onChange` calls back after each change of the run, until the returned function is called. */
  constructor(describe: () => Promise<WorkflowDescription>, onChange: (changed: () => void) => () => void) {
    this.#describe = describe;
    this.#unwatch = onChange(() => {
      this.#changed();
    });
  }

  join(one: Watcher | (() => void)): void {
    if (typeof one === 'function') {
      this.#marks.add(one);
      return;
    }
    this.#watchers.set(one, this.#begun + 1);
    this.#look();
  }

  /** Forgets one of either kind. True when it was the last: then this object is of no more use. */
  leave(one: Watcher | (() => void)): boolean {
    if (typeof one === 'function') this.#marks.delete(one);
    else this.#watchers.delete(one);
    if (this.#watchers.size + this.#marks.size > 0) return false;
    this.#unwatch();
    return true;
  }

  /** A sweep has seen this version. */
  found(version: number): void {
    const moved = version !== this.#version;
    this.#version = version;
    if (moved) this.#changed();
    else for (const { tasks } of this.#watchers.keys()) if (tasks) return this.#look();
  }

  #changed(): void {
    for (const mark of this.#marks) mark();
    if (this.#watchers.size > 0) this.#look();
  }

  #look(): void {
    this.#wanted = this.#begun + 1;
    if (!this.#reading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    while (this.#begun < this.#wanted && this.#watchers.size > 0) {
      const round = ++this.#begun;
      try {
        this.#tell(round, await this.#describe());
      } catch (error) {
        for (const [watcher, first] of this.#watchers) if (first <= round) watcher.error(error);
      }
    }
    this.#reading = false;
  }

  #tell(round: number, description: WorkflowDescription): void {
    this.#version = description.version;
    for (const [watcher, first] of this.#watchers) {
      if (first > round) continue;
      try {
        watcher.next(description);
      } catch (error) {
        watcher.error(error);
      }
    }
  }
}
