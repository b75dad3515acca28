import type { ListFilter, WorkflowDescription, WorkflowStatus } from '@perdure/core';
import { cleanLine } from '../clean.js';
import { command } from '../command.js';
import { waitingWords } from '../describe.js';
import { whole } from '../numbers.js';
import { table } from '../output.js';
import { jsonOption, storeOptions, withClient } from '../store.js';

export const list = command({
  name: 'list',
  summary: 'Lists workflows, newest first.',
  about: [
    `A query looks like "Status = 'failed' AND StartTime > '2026-01-31T09:30:00Z' ORDER BY StartTime ASC": on WorkflowType,`,
    'WorkflowId, RunId, Status, StartTime, CloseTime, TaskQueue, BuildId, FailureType and search attributes.',
  ],
  takes: [],
  options: {
    query: { type: 'string', short: 'q', value: 'QUERY', help: 'Which ones, in the query language.' },
    status: { type: 'string', multiple: true, value: 'STATUS', help: 'Of this status; may be given again.' },
    type: { type: 'string', value: 'NAME', help: 'Of this workflow type.' },
    limit: { type: 'string', value: 'NUMBER', default: '50', help: 'So many. Default: 50.' },
    'all-runs': { type: 'boolean', help: 'Every run, not only the current one of each workflow.' },
    archived: { type: 'boolean', help: 'Those that were archived.' },
    json: { ...jsonOption, help: 'Prints one run as JSON on each line.' },
    ...storeOptions,
  },
  run: async ({ values, places: [] }, output) => {
    const limit = whole(values.limit, '--limit', 1);
    const runs = await withClient(values, async (client) => {
      const found: WorkflowDescription[] = [];
      for await (const run of client.iterate({ ...filterOf(values), pageSize: Math.min(limit, 1_000) })) {
        if (found.push(run) >= limit) break;
      }
      return found;
    });
    if (values.json) for (const run of runs) output.json(run, 'compact');
    else for (const line of table(header, runs.map(row))) output.line(line);
    return 0;
  },
});

interface Wanted {
  readonly query?: string | undefined;
  readonly status?: string[] | undefined;
  readonly type?: string | undefined;
  readonly 'all-runs'?: boolean | undefined;
  readonly archived?: boolean | undefined;
}

function filterOf({ query, status, type, archived, 'all-runs': allRuns }: Wanted): ListFilter {
  return {
    ...(query !== undefined && { query }),
    // What is no status is the list's to refuse.
    ...(status !== undefined && { status: status as WorkflowStatus[] }),
    ...(type !== undefined && { workflowType: type }),
    ...(archived === true && { archived }),
    ...(allRuns === true && { allRuns }),
  };
}

const header = ['WORKFLOW ID', 'TYPE', 'STATUS', 'STARTED', 'ABOUT'];

function row(run: WorkflowDescription): readonly string[] {
  const about = run.blocked?.code ?? run.failure?.message ?? run.closedReason ?? waitingWords(run.waitingFor);
  return [run.workflowId, run.workflowType, run.status, run.startedAt.toISOString(), about].map(cleanLine);
}
