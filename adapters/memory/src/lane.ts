import type { EpochMs, TaskRecord } from '@perdure/core/storage';
import { Heap } from './heap.js';

/** A task in its lane. `waitsFor` says which of its two moments it is filed under. */
export interface Slot {
  task: TaskRecord;
  lane: Lane;
  waitsFor: 'visible' | 'lease';
  place: number;
  /** Places in the lists of its run and of its owner. */
  inRun: number;
  inOwner: number;
}

/**
 * Tasks that only differ in when they can be claimed: one priority, type and build of one queue. A task is filed under
 * the later of `visibleAt` and `leaseUntil`; one whose lease has been seen to end is filed under `visibleAt`, because
 * that is the order of claims.
 */
export class Lane {
  readonly priority: number;
  readonly buildId: string | null;
  readonly #visible = new Heap<Slot>(claimedBefore);
  readonly #leased = new Heap<Slot>((a, b) => a.task.leaseUntil < b.task.leaseUntil);

  constructor(priority: number, buildId: string | null) {
    this.priority = priority;
    this.buildId = buildId;
  }

  get empty(): boolean {
    return this.#visible.size === 0 && this.#leased.size === 0;
  }

  add(slot: Slot): void {
    const { visibleAt, leaseUntil } = slot.task;
    if (leaseUntil > visibleAt) this.#addLeased(slot);
    else this.#addVisible(slot);
  }

  remove(slot: Slot): void {
    (slot.waitsFor === 'visible' ? this.#visible : this.#leased).remove(slot);
  }

  /** The task that is claimed next, if one can be at `now`. */
  next(now: EpochMs): Slot | undefined {
    let slot = this.#leased.peek();
    while (slot !== undefined && slot.task.leaseUntil <= now) {
      this.#leased.remove(slot);
      this.#addVisible(slot);
      slot = this.#leased.peek();
    }
    slot = this.#visible.peek();
    // A lease that a faster clock saw end has not ended for a slower one.
    while (slot !== undefined && slot.task.visibleAt <= now && slot.task.leaseUntil > now) {
      this.#visible.remove(slot);
      this.#addLeased(slot);
      slot = this.#visible.peek();
    }
    return slot !== undefined && slot.task.visibleAt <= now ? slot : undefined;
  }

  /** No task can be claimed before this. */
  wakeAt(): EpochMs {
    const visible = this.#visible.peek()?.task.visibleAt ?? Infinity;
    const leased = this.#leased.peek()?.task.leaseUntil ?? Infinity;
    return Math.min(visible, leased);
  }

  #addVisible(slot: Slot): void {
    slot.waitsFor = 'visible';
    this.#visible.push(slot);
  }

  #addLeased(slot: Slot): void {
    slot.waitsFor = 'lease';
    this.#leased.push(slot);
  }
}

/** Order of claims: priority, then `visibleAt`, then `taskId` by code unit. */
export function claimedBefore({ task: a }: Slot, { task: b }: Slot): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority;
  return a.visibleAt === b.visibleAt ? a.taskId < b.taskId : a.visibleAt < b.visibleAt;
}
