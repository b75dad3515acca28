import { InvalidArgumentError, WorkflowNotFoundError, type ArgumentIssue } from '../../model/errors.js';
import { statusesIn, workflowStatuses, type WorkflowStatus } from '../../model/status.js';
import type { WorkflowId } from '../../model/ids.js';
import type { RunCursor, RunQuery } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import type { Core } from '../core.js';
import { describeRun } from './describe.js';
import type { ListFilter, Page, WorkflowDescription } from './description.js';
import { readPageToken, writePageToken } from './page-token.js';

/** One page of runs, newest first. Throws `InvalidArgumentError` for a bad filter or token. */
export async function listRuns(
  core: Core,
  filter: ListFilter,
  pageToken: string | null | undefined,
): Promise<Page<WorkflowDescription>> {
  const { query, pageSize } = queryOf(core, filter);
  const scope = JSON.stringify(query);
  const after = pageToken === null || pageToken === undefined ? null : readPageToken(pageToken, scope);
  if (query.statuses?.length === 0) return { items: [], nextPageToken: null };
  const runs = await core.storage.listRuns(query, { after, limit: pageSize + 1 });
  const page = runs.slice(0, pageSize);
  const last = page.at(-1);
  return {
    items: await Promise.all(page.map((run) => describeRun(core, run))),
    nextPageToken: last && runs.length > pageSize ? writePageToken(last, scope) : null,
  };
}

export async function countRuns(core: Core, filter: ListFilter): Promise<number> {
  const { query } = queryOf(core, filter);
  return query.statuses?.length === 0 ? 0 : core.storage.countRuns(query);
}

const known: ReadonlySet<string> = new Set<keyof ListFilter>([
  'workflowType',
  'status',
  'statusBucket',
  'taskQueue',
  'workflowId',
  'workflowIdPrefix',
  'startedAfter',
  'startedBefore',
  'closedAfter',
  'closedBefore',
  'allRuns',
  'pageSize',
]);
const texts = ['workflowType', 'workflowId', 'workflowIdPrefix', 'taskQueue'] as const;
const dates = ['startedAfter', 'startedBefore', 'closedAfter', 'closedBefore'] as const;
/** What people write for our words. */
const aliases: Readonly<Record<string, WorkflowStatus>> = {
  canceled: 'cancelled',
  timedOut: 'timed_out',
  timeout: 'timed_out',
  open: 'running',
  success: 'completed',
  succeeded: 'completed',
  continuedAsNew: 'continued_as_new',
};
const buckets: readonly string[] = ['running', 'completed', 'failed'];

function queryOf(core: Core, filter: ListFilter): { readonly query: RunQuery; readonly pageSize: number } {
  const issues: ArgumentIssue[] = [];
  const check = (holds: boolean, path: string, message: string): void => {
    if (!holds) issues.push({ path, message });
  };
  const { status, statusBucket, allRuns = false, pageSize = 50 } = filter;
  for (const name of Object.keys(filter))
    check(known.has(name), name, `is no filter; there are ${[...known].join(', ')}`);
  for (const name of texts)
    check(filter[name] === undefined || isText(filter[name]), name, 'must be a string that a store can hold');
  for (const name of dates) {
    const date = filter[name];
    check(
      date === undefined || (date instanceof Date && !Number.isNaN(date.getTime())),
      name,
      'must be a valid Date',
    );
  }
  const given: readonly string[] | undefined =
    status === undefined ? undefined : typeof status === 'string' ? [status] : status;
  for (const one of given ?? []) {
    const alias = aliases[one];
    const hint =
      alias === undefined ? `there are ${workflowStatuses.join(', ')}` : `did you mean '${alias}'?`;
    check(workflowStatuses.includes(one as WorkflowStatus), 'status', `'${one}' is no status; ${hint}`);
  }
  check(
    statusBucket === undefined || buckets.includes(statusBucket),
    'statusBucket',
    `must be one of ${buckets.join(', ')}`,
  );
  check(
    Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= 1_000,
    'pageSize',
    'must be a whole number from 1 to 1000',
  );
  if (issues.length > 0) throw new InvalidArgumentError('The filter is not valid', issues);

  const inBucket = statusBucket && statusesIn(statusBucket);
  const statuses =
    given && inBucket
      ? inBucket.filter((one) => given.includes(one))
      : ((given as readonly WorkflowStatus[] | undefined) ?? inBucket);
  const query: Record<string, unknown> = { namespace: core.namespace };
  for (const name of texts) if (filter[name] !== undefined) query[name] = filter[name];
  for (const name of dates) if (filter[name] !== undefined) query[name] = filter[name].getTime();
  if (statuses) query['statuses'] = statuses;
  if (!allRuns) query['currentOnly'] = true;
  return { query: query as unknown as RunQuery, pageSize };
}

/** No store has to take U+0000 or half of a surrogate pair. */
function isText(value: unknown): boolean {
  return typeof value === 'string' && !/[\0\p{Cs}]/u.test(value);
}

/** All runs of a workflow id, oldest first. Throws `WorkflowNotFoundError` where there is none. */
export async function listChain(core: Core, workflowId: WorkflowId): Promise<readonly WorkflowDescription[]> {
  const query = { namespace: core.namespace, workflowId: workflowId as string };
  const runs: RunRecord[] = [];
  for (let after: RunCursor | null = null; ;) {
    const page: readonly RunRecord[] = await core.storage.listRuns(query, { after, limit: chainPage });
    runs.push(...page);
    const last = page.at(-1);
    if (!last || page.length < chainPage) break;
    after = { startedAt: last.startedAt, runId: last.runId };
  }
  if (runs.length === 0)
    throw new WorkflowNotFoundError(`There is no workflow '${workflowId}' in namespace '${core.namespace}'`);
  runs.sort((a, b) => a.runNumber - b.runNumber);
  return Promise.all(runs.map((run) => describeRun(core, run)));
}

const chainPage = 200;
