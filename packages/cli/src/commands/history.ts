import type { HistoryEvent } from '@perdure/core';
import { command } from '../command.js';
import { eventRow } from '../describe.js';
import { table } from '../output.js';
import { handleOf, jsonOption, runOption, storeOptions, withClient } from '../store.js';

export const history = command({
  name: 'history',
  summary: 'Shows what a workflow has recorded, event by event.',
  takes: ['ID'],
  options: {
    run: runOption,
    json: { ...jsonOption, help: 'Prints one event as JSON on each line.' },
    ...storeOptions,
  },
  run: async ({ values, places: [workflowId] }, output) => {
    const events = await withClient(values, async (client) => {
      const found: HistoryEvent[] = [];
      for await (const event of handleOf(client, workflowId, values.run).history()) found.push(event);
      return found;
    });
    if (values.json) for (const event of events) output.json(event, 'compact');
    else for (const line of table(['SEQ', 'AT', 'EVENT', 'ABOUT'], events.map(eventRow))) output.line(line);
    return 0;
  },
});
