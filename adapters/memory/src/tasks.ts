import {
  NEVER,
  type ClaimRequest,
  type EpochMs,
  type Namespace,
  type RunId,
  type TaskId,
  type TaskRecord,
  type TaskWant,
  type WorkerId,
} from '@perdure/core/storage';
import { claimedBefore, type Lane, type Slot } from './lane.js';
import { fits, Lanes } from './lanes.js';

type Roll = 'inRun' | 'inOwner';

/** All tasks: by id, by run, by owner of the lease, and in the lanes that claims take them from. */
export class Tasks {
  readonly #slots = new Map<TaskId, Slot>();
  readonly #runs = new Map<RunId, Slot[]>();
  readonly #owners = new Map<WorkerId, Slot[]>();
  readonly #lanes = new Lanes();

  get(taskId: TaskId): TaskRecord | undefined {
    return this.#slots.get(taskId)?.task;
  }

  ofRun(runId: RunId): readonly TaskRecord[] {
    const tasks = (this.#runs.get(runId) ?? []).map(({ task }) => task);
    return tasks.sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
  }

  put(task: TaskRecord): void {
    const slot = this.#slots.get(task.taskId);
    if (slot !== undefined) {
      this.#replace(slot, task);
      return;
    }
    const lane = this.#lanes.of(task);
    const added: Slot = { task, lane, waitsFor: 'visible', place: 0, inRun: 0, inOwner: 0 };
    lane.add(added);
    this.#slots.set(task.taskId, added);
    enrol(this.#runs, task.runId, added, 'inRun');
    if (task.leaseOwner !== null) enrol(this.#owners, task.leaseOwner, added, 'inOwner');
  }

  drop(taskId: TaskId): TaskRecord | undefined {
    const slot = this.#slots.get(taskId);
    if (slot === undefined) return undefined;
    const { task } = slot;
    slot.lane.remove(slot);
    this.#slots.delete(taskId);
    strike(this.#runs, task.runId, slot, 'inRun');
    if (task.leaseOwner !== null) strike(this.#owners, task.leaseOwner, slot, 'inOwner');
    return task;
  }

  dropRun(runId: RunId): void {
    for (const { task } of [...(this.#runs.get(runId) ?? [])]) this.drop(task.taskId);
    this.#runs.delete(runId);
  }

  claim({ namespace, owner, now, buildId, wants }: ClaimRequest): readonly TaskRecord[] {
    const out: Slot[] = [];
    for (const want of wants) {
      const lanes = this.#lanes
        .wanted(namespace, want)
        .filter((lane) => lane.buildId === null || lane.buildId === buildId);
      const leaseUntil = Math.min(now + want.leaseMs, NEVER);
      for (let left = want.limit; left > 0; left--) {
        const slot = first(lanes, now);
        if (slot === undefined) break;
        const { task } = slot;
        const leased = {
          ...task,
          attempt: task.attempt + 1,
          token: task.token + 1,
          leaseOwner: owner,
          leaseUntil,
        };
        // Out of its lane until the end: a lease of no length must not be claimed twice in one call.
        slot.lane.remove(slot);
        out.push(slot);
        this.#enlist(slot, leased);
        slot.task = leased;
      }
    }
    for (const slot of out) slot.lane.add(slot);
    if (wants.length > 1) out.sort((a, b) => (claimedBefore(a, b) ? -1 : 1));
    return out.map(({ task }) => task);
  }

  release(owner: WorkerId): readonly TaskRecord[] {
    const held = [...(this.#owners.get(owner) ?? [])];
    for (const slot of held) this.#replace(slot, { ...slot.task, leaseOwner: null, leaseUntil: 0 });
    this.#owners.delete(owner);
    return held.map(({ task }) => task);
  }

  wakeAt(namespace: Namespace, wants: readonly TaskWant[]): EpochMs | null {
    let at = NEVER;
    for (const want of wants)
      for (const lane of this.#lanes.wanted(namespace, want)) at = Math.min(at, lane.wakeAt());
    return at === NEVER ? null : at;
  }

  #replace(slot: Slot, task: TaskRecord): void {
    const before = slot.task;
    slot.lane.remove(slot);
    if (
      !fits(slot.lane, task) ||
      task.type !== before.type ||
      task.queue !== before.queue ||
      task.kind !== before.kind ||
      task.namespace !== before.namespace
    ) {
      slot.lane = this.#lanes.of(task);
    }
    if (task.runId !== before.runId) {
      strike(this.#runs, before.runId, slot, 'inRun');
      enrol(this.#runs, task.runId, slot, 'inRun');
    }
    this.#enlist(slot, task);
    slot.task = task;
    slot.lane.add(slot);
  }

  #enlist(slot: Slot, task: TaskRecord): void {
    const before = slot.task.leaseOwner;
    if (task.leaseOwner === before) return;
    if (before !== null) strike(this.#owners, before, slot, 'inOwner');
    if (task.leaseOwner !== null) enrol(this.#owners, task.leaseOwner, slot, 'inOwner');
  }
}

function first(lanes: readonly Lane[], now: EpochMs): Slot | undefined {
  let best: Slot | undefined;
  for (const lane of lanes) {
    const slot = lane.next(now);
    if (slot !== undefined && (best === undefined || claimedBefore(slot, best))) best = slot;
  }
  return best;
}

function enrol(rolls: Map<string, Slot[]>, name: string, slot: Slot, roll: Roll): void {
  const slots = rolls.get(name);
  if (slots === undefined) {
    slot[roll] = 0;
    rolls.set(name, [slot]);
  } else {
    slot[roll] = slots.length;
    slots.push(slot);
  }
}

/**
 * Takes a slot out by putting the last one in its place. An empty roll stays: V8 leaves a deleted key in its hash chain
 * until the table is rebuilt, so a key that comes and goes in a large map gets slower each time (570 µs after 200,000).
 */
function strike(rolls: Map<string, Slot[]>, name: string, slot: Slot, roll: Roll): void {
  const slots = rolls.get(name);
  const last = slots?.pop();
  if (slots === undefined || last === undefined || last === slot) return;
  slots[slot[roll]] = last;
  last[roll] = slot[roll];
}
