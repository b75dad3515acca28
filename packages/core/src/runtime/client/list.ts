import { StorageError, WorkflowNotFoundError } from '../../model/errors.js';
import type { WorkflowId } from '../../model/ids.js';
import type { RunCursor } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import type { Core } from '../core.js';
import { describeRun } from './describe.js';
import type { ListFilter, Page, WorkflowDescription } from './description.js';
import { queryOf } from './list-filter.js';
import { readPageToken, writePageToken } from './page-token.js';

/** One page of runs, newest first, without those that are damaged. Throws `InvalidArgumentError` for a bad filter or token. */
export async function listRuns(
  core: Core,
  filter: ListFilter,
  pageToken: string | null | undefined,
): Promise<Page<WorkflowDescription>> {
  const { runs, nextPageToken } = await pageOfRuns(core, filter, pageToken);
  return {
    items: (await Promise.all(runs.map((run) => readable(core, run)))).filter((run) => run !== undefined),
    nextPageToken,
  };
}

/** The same, as they are stored. */
export async function pageOfRuns(
  core: Core,
  filter: ListFilter,
  pageToken: string | null | undefined,
): Promise<{ readonly runs: readonly RunRecord[]; readonly nextPageToken: string | null }> {
  const { query, pageSize, oldestFirst } = await queryOf(core, filter);
  const scope = JSON.stringify([query, oldestFirst]);
  const after = pageToken === null || pageToken === undefined ? null : readPageToken(pageToken, scope);
  if (query.statuses?.length === 0) return { runs: [], nextPageToken: null };
  const runs = await core.storage.listRuns(query, { after, limit: pageSize + 1, oldestFirst });
  const page = runs.slice(0, pageSize);
  const last = page.at(-1);
  return { runs: page, nextPageToken: last && runs.length > pageSize ? writePageToken(last, scope) : null };
}

/** One damaged run does not hide all others: it is left out and logged; `describe` says what is wrong with it. */
async function readable(core: Core, run: RunRecord): Promise<WorkflowDescription | undefined> {
  try {
    return await describeAsFarAsItGoes(core, run);
  } catch (error) {
    if (!(error instanceof StorageError && error.code === 'storage_corrupt')) throw error;
    const { workflowId, runId } = run;
    core.log.error('A run cannot be read and is left out of a list', { workflowId, runId, error });
    return undefined;
  }
}

/** A value that cannot be read hides neither the run nor the others of the list. */
async function describeAsFarAsItGoes(core: Core, run: RunRecord): Promise<WorkflowDescription> {
  const unreadable: string[] = [];
  const description = await describeRun(core, run, undefined, ({ message }) => unreadable.push(message));
  const [first] = unreadable;
  return first === undefined ? description : { ...description, unreadable: first };
}

export async function countRuns(core: Core, filter: ListFilter): Promise<number> {
  const { query } = await queryOf(core, filter);
  return query.statuses?.length === 0 ? 0 : core.storage.countRuns(query);
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
  return Promise.all(runs.map((run) => describeAsFarAsItGoes(core, run)));
}

const chainPage = 200;
