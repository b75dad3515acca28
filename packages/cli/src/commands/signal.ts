import { command } from '../command.js';
import { parseInput } from '../json.js';
import { handleOf, runOption, storeOptions, withClient } from '../store.js';

export const signal = command({
  name: 'signal',
  summary: 'Sends a signal to a workflow. It is durable when this ends.',
  takes: ['ID', 'NAME'],
  options: {
    input: { type: 'string', value: 'JSON', help: 'What the signal carries. Default: nothing.' },
    id: {
      type: 'string',
      value: 'ID',
      help: 'Signals with one id are applied once, however often they are sent.',
    },
    run: runOption,
    ...storeOptions,
  },
  run: async ({ values, places: [workflowId, name] }, output) => {
    const payload = parseInput(values.input);
    const options = values.id === undefined ? {} : { id: values.id };
    await withClient(values, (client) =>
      handleOf(client, workflowId, values.run).signal(name, payload, options),
    );
    output.note(
      `Whether workflow '${workflowId}' takes a signal '${name}' was not checked: that is known where its code runs.`,
    );
    output.line(`Signalled ${workflowId}: ${name}`);
    return 0;
  },
});
