import { command } from '../command.js';
import { namedModules, workflowsOption } from '../modules.js';
import { milliseconds, whole } from '../numbers.js';
import { misused } from '../refusal.js';
import { storeOptions, storeToBe } from '../store.js';
import { Supervisor } from '../worker/supervisor.js';

export const worker = command({
  name: 'worker',
  summary: 'Runs workflows and activities, in several processes, until it is told to stop.',
  about: [
    'A process that dies is replaced. SIGINT or SIGTERM lets running activities end, for up to 30 s; a second one ends',
    'everything at once. Exit codes: 0 stopped in order, 1 not, 128 and the number of the signal where it was the second.',
    'Workers hear of new work by themselves: --tick only bounds how long they can be deaf.',
  ],
  takes: [],
  options: {
    procs: { type: 'string', value: 'NUMBER', default: '4', help: 'Processes. Default: 4.' },
    batch: {
      type: 'string',
      value: 'NUMBER',
      default: '10',
      help: 'Activities at once in each process. Default: 10.',
    },
    tick: {
      type: 'string',
      value: 'TIME',
      default: '0.5',
      help: 'Largest pause between looks at the store: seconds, or 500ms. Default: 0.5.',
    },
    iterations: {
      type: 'string',
      value: 'NUMBER',
      help: 'Each process ends by itself, in order, after so many ticks. Default: never.',
    },
    'task-queue': {
      type: 'string',
      multiple: true,
      value: 'NAME',
      help: 'A queue to serve; may be given again. Default: default.',
    },
    'build-id': {
      type: 'string',
      value: 'NAME',
      help: 'Names the code that these workers run. Default: none.',
    },
    ...workflowsOption,
    ...storeOptions,
  },
  run: async ({ values }, output) => {
    const modules = namedModules(values.workflows);
    if (modules.length === 0) throw misused('perdure worker needs --workflows: the code to run');
    const { iterations } = values;
    const supervisor = new Supervisor(
      {
        store: storeToBe(values),
        namespace: values.namespace,
        modules,
        taskQueues: values['task-queue'] ?? ['default'],
        buildId: values['build-id'],
        tickMs: milliseconds(values.tick, '--tick'),
        batch: whole(values.batch, '--batch', 1),
        iterations: iterations === undefined ? undefined : whole(iterations, '--iterations', 1),
      },
      output,
    );
    const procs = whole(values.procs, '--procs', 1);
    const signalled = stopOnSignals(supervisor);
    const exitCode = await supervisor.keep(procs);
    return signalled() ?? exitCode;
  },
});

const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Returns what tells the exit code of a process that was signalled twice. */
function stopOnSignals(supervisor: Supervisor): () => number | undefined {
  let signals = 0;
  let exitCode: number | undefined;
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (++signals === 1) supervisor.stop();
      else {
        exitCode ??= 128 + numbers[signal];
        supervisor.kill();
      }
    });
  }
  return () => exitCode;
}
