import { runTaskId } from '../../model/ids.js';
import type { RunCursor, RunQuery, Write } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import type { WorkflowRecord } from '../definitions.js';
import { decodeBody, encodeBody } from '../run-projection.js';
import type { RunHost } from './run-host.js';

const page = 200;

/**
 * At start: runs that other code could not go on with are put back into the queue. A build id says which code this is;
 * without one the text of the workflow's function is all that is known of it, and the fault may have been mended in what
 * it calls, so that every start is worth a try.
 */
export async function wakeBlockedRuns(host: RunHost): Promise<void> {
  const { core } = host;
  for (const workflow of core.registry.workflows.values()) {
    const query: RunQuery = { namespace: core.namespace, workflowType: workflow.name, statuses: ['blocked'] };
    let after: RunCursor | null = null;
    for (;;) {
      const runs: readonly RunRecord[] = await core.storage.listRuns(query, { after, limit: page });
      await Promise.all(runs.filter((run) => isOtherCode(host, run, workflow)).map((run) => wake(host, run)));
      const last = runs.at(-1);
      if (!last || runs.length < page) break;
      after = { startedAt: last.startedAt, runId: last.runId };
    }
  }
}

function isOtherCode(host: RunHost, run: RunRecord, workflow: WorkflowRecord): boolean {
  if (host.buildId === null) return true;
  try {
    return decodeBody(run).blocked?.fingerprint !== host.fingerprintOf(workflow);
  } catch {
    return true; // an unreadable record is claimed, and found unreadable there
  }
}

/** Claims start to count anew: it was the old code that they were counted for. */
async function wake({ core, buildId }: RunHost, run: RunRecord): Promise<void> {
  const task = await core.storage.readTask(runTaskId(run.runId));
  if (!task) return;
  await core.committer.commit({
    expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
    writes: [
      {
        kind: 'put-task',
        task: { ...task, buildId, attempt: 0, visibleAt: core.clock.now(), leaseOwner: null, leaseUntil: 0 },
      },
      ...forgetCode(run),
    ],
  });
}

/** Whoever claims the run next tries it, even where its code looks like the code that could not go on. */
function forgetCode(run: RunRecord): Write[] {
  try {
    const body = decodeBody(run);
    if (!body.blocked) return [];
    const { status, isCurrent, buildId, closedAt, progressAt, runId } = run;
    const changes = {
      ...{ status, isCurrent, buildId, closedAt, progressAt },
      body: encodeBody({ ...body, blocked: { ...body.blocked, fingerprint: '' } }),
    };
    return [{ kind: 'amend-run', runId, changes }];
  } catch {
    return [];
  }
}
