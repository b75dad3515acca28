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
    const ended = await withClient(values, async (client) => {
      const handle = handleOf(client, workflowId, values.run);
      const { status, closedAt } = await handle.describe();
      if (closedAt) return status;
      await handle.cancel({
        ...(reason !== undefined && { reason }),
        cancelQueuedActivities: values['keep-queued'] !== true,
      });
      return undefined;
    });
    output.line(
      ended === undefined
        ? `Cancellation requested: ${workflowId}`
        : `Nothing to cancel: ${workflowId} is ${ended}`,
    );
    return 0;
  },
});
