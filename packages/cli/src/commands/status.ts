import { columns } from '../help.js';
import { cleanLine } from '../clean.js';
import { command } from '../command.js';
import { describe } from '../describe.js';
import { handleOf, jsonOption, runOption, storeOptions, withClient } from '../store.js';

export const status = command({
  name: 'status',
  summary: 'Shows a workflow as it stands.',
  takes: ['ID'],
  options: { run: runOption, json: jsonOption, ...storeOptions },
  run: async ({ values, places: [workflowId] }, output) => {
    const run = await withClient(values, (client) => handleOf(client, workflowId, values.run).describe());
    if (values.json) output.json(run);
    else
      for (const line of columns([...describe(run)].map(([name, text]) => [name, cleanLine(text)])))
        output.line(line.slice(2));
    return 0;
  },
});
