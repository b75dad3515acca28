import { verify as replayAll, type Client, type HistoryBundle, type Verification } from '@perdure/core';
import { bundleIn } from '../bundle-file.js';
import { command } from '../command.js';
import { loadDefinitions, namedModules, workflowsOption } from '../modules.js';
import { misused } from '../refusal.js';
import { jsonOption, storeOptions, withClient } from '../store.js';

export const verify = command({
  name: 'verify',
  summary: 'Replays recorded runs against the code of today. Exit code 1 where one does not replay.',
  about: ['Takes files that perdure export made; without any, the runs of the store. Nothing is written.'],
  takes: [],
  more: 'FILE',
  options: {
    query: {
      type: 'string',
      short: 'q',
      value: 'QUERY',
      help: 'Which runs of the store. Default: all of them.',
    },
    json: jsonOption,
    ...workflowsOption,
    ...storeOptions,
  },
  run: async ({ values, rest }, output) => {
    const modules = namedModules(values.workflows);
    if (modules.length === 0) throw misused('perdure verify needs --workflows: the code to replay against');
    const { workflows } = await loadDefinitions(modules);
    const found =
      rest.length > 0
        ? await replayAll(workflows, rest.map(bundleIn))
        : await withClient(values, (client) => replayAll(workflows, stored(client, values.query)));
    if (values.json) output.json(report(found));
    else for (const line of reportLines(found)) output.line(line);
    return found.failed.length === 0 ? 0 : 1;
  },
});

async function* stored(client: Client, query: string | undefined): AsyncIterable<HistoryBundle> {
  const filter = { ...(query !== undefined && { query }), allRuns: true, pageSize: 1_000 };
  for await (const { workflowId, runId } of client.iterate(filter))
    yield await client.handle(workflowId, runId).exportHistory();
}

function report({ replayed, failed }: Verification): unknown {
  return {
    replayed,
    failed: failed.map(({ error, ...run }) => ({
      ...run,
      code: error.code,
      message: error.message,
      ...('details' in error && { details: error.details }),
    })),
  };
}

function* reportLines({ replayed, failed }: Verification): Iterable<string> {
  for (const { workflowId, runId, workflowType, error } of failed) {
    yield `${workflowType} ${workflowId} (run ${runId}): ${error.code}`;
    yield `  ${error.message.replaceAll('\n', '\n  ')}`;
  }
  yield `${replayed - failed.length} of ${replayed} replay.`;
}
