import type { AnyWorkflow, StartOptions } from '@perdure/core';
import { command } from '../command.js';
import { parseInput } from '../json.js';
import { loadDefinitions, namedModules, workflowsOption } from '../modules.js';
import { milliseconds } from '../numbers.js';
import { Refusal } from '../refusal.js';
import { jsonOption, storeOptions, storeToBe, withClient } from '../store.js';

export const start = command({
  name: 'start',
  summary: 'Starts a workflow and prints its id. It is durable when the id is printed.',
  about: [
    'With --workflows the name, the input and the defaults of the definition are checked and used; without,',
    'the name is taken as it is, and the run waits for a worker that knows it.',
  ],
  takes: ['NAME'],
  options: {
    input: { type: 'string', value: 'JSON', help: 'What the workflow is given. Default: nothing.' },
    id: { type: 'string', value: 'ID', help: 'Its workflow id. Default: a new one.' },
    timeout: {
      type: 'string',
      value: 'TIME',
      help: 'Ends it after so long: seconds, or 500ms, 5m, 2h. Default: that of the definition.',
    },
    'task-queue': {
      type: 'string',
      value: 'NAME',
      help: 'The queue whose workers run it. Default: that of the definition.',
    },
    json: { ...jsonOption, help: 'Prints the workflow id and the run id as JSON.' },
    ...workflowsOption,
    ...storeOptions,
  },
  run: async ({ values, places: [name] }, output) => {
    const { id, timeout, 'task-queue': taskQueue } = values;
    const input = parseInput(values.input);
    const options: StartOptions = {
      ...(id !== undefined && { id }),
      ...(timeout !== undefined && { executionTimeout: milliseconds(timeout, '--timeout') }),
      ...(taskQueue !== undefined && { taskQueue }),
    };
    const path = storeToBe(values);
    const workflow = await named(name, namedModules(values.workflows));
    if (workflow === undefined)
      output.note(
        `No module was named with --workflows: whether there is a workflow '${name}' was not checked.`,
      );
    const started = await withClient(
      values,
      (client) => (workflow ? client.start(workflow, input, options) : client.start(name, input, options)),
      {
        path,
      },
    );
    if (values.json) output.json({ workflowId: started.workflowId, runId: started.runId });
    else output.line(started.workflowId);
    return 0;
  },
});

/** The definition of that name; undefined where no module was named. Throws a refusal that lists those there are. */
async function named(name: string, modules: readonly string[]): Promise<AnyWorkflow | undefined> {
  if (modules.length === 0) return undefined;
  const { workflows } = await loadDefinitions(modules);
  const found = workflows.find((one) => one.name === name);
  if (found) return found;
  const names = workflows.map((one) => one.name).sort();
  throw new Refusal(
    `There is no workflow '${name}'; ${names.length === 0 ? 'none is registered' : `registered: ${names.join(', ')}`}`,
  );
}
