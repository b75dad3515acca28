import { runTaskId } from '../../model/ids.js';
import type { RunCursor, RunQuery } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import { decodeBody } from '../run-projection.js';
import type { RunHost } from './run-host.js';

const page = 200;

/** At start: runs that other code could not go on with are put back into the queue. */
export async function wakeBlockedRuns(host: RunHost): Promise<void> {
  const { core } = host;
  for (const workflow of core.registry.workflows.values()) {
    const query: RunQuery = { namespace: core.namespace, workflowType: workflow.name, statuses: ['blocked'] };
    let after: RunCursor | null = null;
    for (;;) {
      const runs: readonly RunRecord[] = await core.storage.listRuns(query, { after, limit: page });
      await Promise.all(
        runs.filter((run) => isOtherCode(run, host.fingerprintOf(workflow))).map((run) => wake(host, run)),
      );
      const last = runs.at(-1);
      if (!last || runs.length < page) break;
      after = { startedAt: last.startedAt, runId: last.runId };
    }
  }
}

function isOtherCode(run: RunRecord, fingerprint: string): boolean {
  try {
    return decodeBody(run).blocked?.fingerprint !== fingerprint;
  } catch {
    return true; // an unreadable record is claimed, and found unreadable there
  }
}

/** Claims start to count anew: it was the old code that they were counted for. */
async function wake({ core }: RunHost, run: RunRecord): Promise<void> {
  const task = await core.storage.readTask(runTaskId(run.runId));
  if (!task) return;
  await core.committer.commit({
    expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
    writes: [
      {
        kind: 'put-task',
        task: { ...task, attempt: 0, visibleAt: core.clock.now(), leaseOwner: null, leaseUntil: 0 },
      },
    ],
  });
}
