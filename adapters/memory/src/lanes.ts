import type { Namespace, TaskRecord, TaskWant } from '@perdure/core/storage';
import { Lane } from './lane.js';

type ByType = Map<string, Lane[]>;
type ByQueue = Map<string, ByType>;

/** Finds the lanes of a task or of a wish: namespace and kind, queue, type, then a short list. */
export class Lanes {
  readonly #kinds = new Map<Namespace, Record<TaskRecord['kind'], ByQueue>>();
  #count = 0;
  #sweepAt = 256;

  of(task: TaskRecord): Lane {
    let kinds = this.#kinds.get(task.namespace);
    if (kinds === undefined) {
      kinds = { workflow: new Map(), activity: new Map(), query: new Map(), outbox: new Map() };
      this.#kinds.set(task.namespace, kinds);
    }
    const queues = kinds[task.kind];
    let types = queues.get(task.queue);
    if (types === undefined) queues.set(task.queue, (types = new Map<string, Lane[]>()));
    let lanes = types.get(task.type);
    if (lanes === undefined) types.set(task.type, (lanes = []));
    for (const lane of lanes) if (fits(lane, task)) return lane;
    if (++this.#count > this.#sweepAt) {
      this.#sweep();
      return this.of(task);
    }
    const lane = new Lane(task.priority, task.buildId);
    lanes.push(lane);
    return lane;
  }

  wanted(namespace: Namespace, want: TaskWant): readonly Lane[] {
    const queues = this.#kinds.get(namespace)?.[want.kind];
    const found: Lane[] = [];
    if (queues === undefined) return found;
    for (const queue of want.queues) {
      const types = queues.get(queue);
      if (types === undefined) continue;
      for (const type of want.types ?? types.keys()) {
        for (const lane of types.get(type) ?? []) found.push(lane);
      }
    }
    return found;
  }

  /** Queues and types come and go: forgets the empty lanes each time their number has doubled. */
  #sweep(): void {
    this.#count = 0;
    for (const kinds of this.#kinds.values()) {
      for (const queues of Object.values(kinds)) {
        for (const [queue, types] of queues) {
          for (const [type, lanes] of types) {
            const kept = lanes.filter((lane) => !lane.empty);
            this.#count += kept.length;
            if (kept.length === 0) types.delete(type);
            else types.set(type, kept);
          }
          if (types.size === 0) queues.delete(queue);
        }
      }
    }
    this.#sweepAt = 2 * this.#count + 256;
  }
}

export function fits(lane: Lane, task: TaskRecord): boolean {
  return lane.priority === task.priority && lane.buildId === task.buildId;
}
