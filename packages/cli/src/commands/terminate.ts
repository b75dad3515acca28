import { command } from '../command.js';
import { handleOf, runOption, storeOptions, withClient } from '../store.js';

export const terminate = command({
  name: 'terminate',
  summary: 'Ends a workflow by force: none of its code runs any more.',
  takes: ['ID'],
  options: {
    reason: { type: 'string', value: 'TEXT', help: 'Why, for people.' },
    run: runOption,
    ...storeOptions,
  },
  run: async ({ values, places: [workflowId] }, output) => {
    await withClient(values, (client) => handleOf(client, workflowId, values.run).terminate(values.reason));
    output.line(`Terminated: ${workflowId}`);
    return 0;
  },
});
