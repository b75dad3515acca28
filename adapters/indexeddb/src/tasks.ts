import { NEVER } from '@perdure/core/storage';
import type { RunId, TaskId, TaskRecord } from '@perdure/core/storage';
import { homeOf, inlineChars, inlineTasks, type Base } from './layout.js';
import type { View } from './view.js';

/** Adds or replaces a task, inside its home's record where there is room. */
export function putTask(view: View, task: TaskRecord): void {
  const home = view.runs.get(homeOf(task.taskId));
  if (home !== undefined && homeOf(task.taskId) === task.runId && hasRoom(home.base, task)) {
    dropSpill(view, task.taskId);
    home.base = { ...home.base, tasks: [...without(home.base.tasks, task.taskId), task] };
    home.dirty = true;
    return;
  }
  dropInline(view, task.taskId);
  if (view.spills.get(task.taskId) === undefined) count(view, task.taskId, 1);
  view.spills.set(task.taskId, task);
  view.dirtySpills.add(task.taskId);
}

/** A task that nobody holds may be claimed, now or at its time. */
export function touchTask(view: View, task: TaskRecord): void {
  view.changed.add(task.runId);
  if (task.leaseOwner === null && task.visibleAt < NEVER) view.queues.add(task.queue);
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
  if (home === undefined) {
    view.orphans.set(runId, (view.orphans.get(runId) ?? 0) + by);
    return;
  }
  home.base = { ...home.base, spilled: home.base.spilled + by };
  home.dirty = true;
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
