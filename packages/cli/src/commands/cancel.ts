import { command } from '../command.js';
import { handleOf, runOption, storeOptions, withClient } from '../store.js';

export const cancel = command({
  name: 'cancel',
  summary: 'Asks a workflow to stop; it may clean up first. Nothing happens where it has ended.',
  takes: ['ID'],
  options: {
    reason: { type: 'string', value: 'TEXT', help: 'Why, for people.' },
    'keep-queued': {
      type: 'boolean',
      help: 'Leaves activities that no worker has taken in their queue; they are run all the same.',
    },
    run: runOption,
    ...storeOptions,
  },
  run: async ({ values, places: [workflowId] }, output) => {
    const { reason } = values;
    await withClient(values, (client) =>
      handleOf(client, workflowId, values.run).cancel({
        ...(reason !== undefined && { reason }),
        cancelQueuedActivities: values['keep-queued'] !== true,
      }),
    );
    output.line(`Cancellation requested: ${workflowId}`);
    return 0;
  },
});
