import { command } from '../command.js';
import { handleOf, runOption, storeOptions, withClient } from '../store.js';

export const exportHistory = command({
  name: 'export',
  summary: 'Prints the history of a workflow as a bundle that replays anywhere.',
  about: ['perdure export order-1 > order-1.json; perdure verify order-1.json --workflows ./workflows.js'],
  takes: ['ID'],
  options: { run: runOption, ...storeOptions },
  run: async ({ values, places: [workflowId] }, output) => {
    output.json(
      await withClient(values, (client) => handleOf(client, workflowId, values.run).exportHistory()),
      'compact',
    );
    return 0;
  },
});
