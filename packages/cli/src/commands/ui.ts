import { bundleSource, clientSource, type InspectorSource } from '@perdure/inspector/sources';
import { bundleIn } from '../bundle-file.js';
import { command } from '../command.js';
import { loadDefinitions, namedModules, workflowsOption } from '../modules.js';
import { whole } from '../numbers.js';
import type { Output } from '../output.js';
import { misused } from '../refusal.js';
import { existingStore, storeOptions, withClient } from '../store.js';
import { pageFiles } from '../ui/page.js';
import { serveUi, type Served } from '../ui/server.js';

export const ui = command({
  name: 'ui',
  summary: 'Serves the inspector to browsers of this machine, until it is told to stop.',
  about: [
    'It prints an address with a token; who has it can start, cancel and signal, unless --read-only is given. With files',
    'that perdure export made it shows those, and needs no store. With --workflows, names that can be started are known.',
  ],
  takes: [],
  more: 'FILE',
  options: {
    port: {
      type: 'string',
      value: 'NUMBER',
      default: '0',
      help: 'Of the loopback address. Default: any that is free.',
    },
    'read-only': { type: 'boolean', help: 'Nothing can be started, cancelled or signalled.' },
    ...workflowsOption,
    ...storeOptions,
  },
  run: async ({ values, rest }, output) => {
    const port = whole(values.port, '--port', 0);
    if (port > 65_535) throw misused(`--port must be at most 65535, and is ${port}`);
    const readOnly = values['read-only'] === true || rest.length > 0;
    const serve = (source: InspectorSource): Promise<void> =>
      until(output, { source, files: pageFiles(), readOnly, port });
    if (rest.length > 0) {
      await serve(bundleSource(rest.map(bundleIn)));
      return 0;
    }
    const path = existingStore(values);
    const modules = namedModules(values.workflows);
    const definitions = modules.length === 0 ? undefined : await loadDefinitions(modules);
    await withClient(
      values,
      (client) =>
        serve(
          clientSource(client, {
            title: path,
            readOnly,
            ...(definitions && { workflows: definitions.workflows }),
          }),
        ),
      { path },
    );
    return 0;
  },
});

/** Serves until a signal says so. */
async function until(output: Output, served: Served): Promise<void> {
  const stopped = new Promise((resolve) => {
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  const server = await serveUi(served);
  output.line(`The inspector is at ${server.address}`);
  await stopped;
  await server.close();
}
