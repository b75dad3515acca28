import { NEVER } from '@perdure/core/storage';
import type { RunId, TaskId, TaskRecord } from '@perdure/core/storage';
import { homeOf, inlineChars, inlineTasks, type Base } from './layout.js';
import type { View } from './view.js';

/** Adds or replaces a task, inside its home's record where there is room. */
export function putTask(view: View, task: TaskRecord): void {
  const { taskId, runId } = task;
  const home = view.runs.get(homeOf(taskId));
  if (home !== undefined && homeOf(taskId) === runId && hasRoom(home.base, task)) {
    dropSpill(view, taskId);
    home.base = { ...home.base, tasks: [...without(home.base.tasks, taskId), task] };
    home.dirty = true;
    return;
  }
  dropInline(view, taskId);
  if (view.spills.get(taskId) === undefined) count(view, taskId, 1);
  if (homeOf(taskId) !== runId) noteStray(view, runId);
  view.spills.set(taskId, task);
  view.dirtySpills.add(taskId);
}

function noteStray(view: View, runId: RunId): void {
  const run = view.runs.get(runId);
  if (run === undefined) view.setGhost(runId, { strays: true });
  else if (!run.base.strays) {
    run.base = { ...run.base, strays: true };
    run.dirty = true;
  }
}

/** A task that nobody holds may be claimed, now or at its time. */
export function touchTask(view: View, task: TaskRecord): void {
  view.changed.add(task.runId);
  if (task.leaseOwner === null && task.visibleAt < NEVER) view.queues.add(task.queue);
}

/** Puts a task that is there, where it is: nothing more need be known of its run. */
export function changeTask(view: View, task: TaskRecord): void {
  const { taskId } = task;
  const home = view.runs.get(homeOf(taskId));
  if (view.spills.get(taskId) !== undefined) {
    view.spills.set(taskId, task);
    view.dirtySpills.add(taskId);
  } else if (home !== undefined) {
    home.base = {
      ...home.base,
      tasks: home.base.tasks.map((other) => (other.taskId === taskId ? task : other)),
    };
    home.dirty = true;
  }
}

export function dropTask(view: View, taskId: TaskId): void {
  dropInline(view, taskId);
  dropSpill(view, taskId);
}

export function dropTasksOf(view: View, runId: RunId): void {
  const run = view.runs.get(runId);
  if (run !== undefined && run.base.tasks.length > 0) {
    run.base = { ...run.base, tasks: [] };
    run.dirty = true;
  }
  for (const [taskId, task] of view.spills) if (task?.runId === runId) dropSpill(view, taskId);
}

function dropInline(view: View, taskId: TaskId): void {
  const home = view.runs.get(homeOf(taskId));
  if (home === undefined) return;
  const tasks = without(home.base.tasks, taskId);
  if (tasks.length === home.base.tasks.length) return;
  home.base = { ...home.base, tasks };
  home.dirty = true;
}

function dropSpill(view: View, taskId: TaskId): void {
  if (view.spills.get(taskId) === undefined) return;
  view.spills.set(taskId, undefined);
  view.dirtySpills.add(taskId);
  count(view, taskId, -1);
}

/** Keeps a record's number of spilled tasks, so that no one looks for any where there are none. */
function count(view: View, taskId: TaskId, by: number): void {
  const runId = homeOf(taskId);
  const home = view.runs.get(runId);
  if (home === undefined) view.setGhost(runId, { spilled: view.ghost(runId).spilled + by });
  else {
    home.base = { ...home.base, spilled: home.base.spilled + by };
    home.dirty = true;
  }
}

function without(tasks: readonly TaskRecord[], taskId: TaskId): readonly TaskRecord[] {
  return tasks.filter((task) => task.taskId !== taskId);
}

function hasRoom(base: Base, task: TaskRecord): boolean {
  let tasks = 1;
  let chars = task.body.length;
  for (const other of base.tasks) {
    if (other.taskId === task.taskId) continue;
    tasks++;
    chars += other.body.length;
  }
  return tasks <= inlineTasks && chars <= inlineChars;
}
