import { command } from '../command.js';
import { inShort, parseInput } from '../json.js';
import { handleOf, jsonOption, runOption, storeOptions, withClient } from '../store.js';

export const query = command({
  name: 'query',
  summary: 'Asks a workflow, open or closed, and prints its answer.',
  about: ['A worker that runs such workflows has to be there: it is given ten seconds.'],
  takes: ['ID', 'NAME'],
  options: {
    input: { type: 'string', value: 'JSON', help: 'What the query is given. Default: nothing.' },
    run: runOption,
    json: jsonOption,
    ...storeOptions,
  },
  run: async ({ values, places: [workflowId, name] }, output) => {
    const argument = parseInput(values.input);
    const answer: unknown = await withClient(values, (client) =>
      handleOf(client, workflowId, values.run).query(name, argument),
    );
    if (values.json) output.json(answer);
    else output.line(typeof answer === 'string' ? answer : inShort(answer, 10_000));
    return 0;
  },
});
