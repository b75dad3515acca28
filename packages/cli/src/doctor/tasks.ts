import type { StorageHandle, TaskRecord } from '@perdure/core/storage';
import { fine, warning, problem, type Finding } from './finding.js';

/** What is due for longer than this is waited for by nobody. Milliseconds. */
const patience = 60_000;
/** Newest open runs that are looked at. */
const mostRuns = 1_000;

/** Work that should have been taken, and leases that their owners let run out. */
export async function* tasks(
  handle: StorageHandle,
  namespace: string,
): AsyncGenerator<Finding, void, undefined> {
  const now = Date.now();
  const open = ['pending', 'running', 'waiting'] as const;
  const runs = await handle.listRuns({ namespace, statuses: open }, { after: null, limit: mostRuns });
  const all: TaskRecord[] = [];
  for (const { runId } of runs) all.push(...(await handle.readTasks(runId)));
  const stale = all.filter((task) => task.leaseOwner !== null && task.leaseUntil < now);
  const overdue = all.filter((task) => Math.max(task.visibleAt, task.leaseUntil) < now - patience);
  const looked = runs.length === mostRuns ? ` of the newest ${mostRuns} open runs` : '';
  if (stale.length === 0) yield fine('leases', `none has run out${looked}`);
  else
    yield warning(
      'leases',
      `${stale.length} ran out${looked}: ${told(stale, (task) => task.leaseOwner ?? '')}`,
    );
  if (overdue.length === 0) yield fine('wake-ups', `none is overdue${looked}`);
  else {
    const about = told(overdue, (task) => `${task.kind} ${task.type} on ${task.queue}`);
    yield problem(
      'wake-ups',
      `${overdue.length} due for more than a minute${looked}, and no worker took them: ${about}`,
    );
  }
}

/** What these have in common, and how often. */
function told(some: readonly TaskRecord[], say: (task: TaskRecord) => string): string {
  const counts = new Map<string, number>();
  for (const task of some) counts.set(say(task), (counts.get(say(task)) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} (${count})`).join(', ');
}
