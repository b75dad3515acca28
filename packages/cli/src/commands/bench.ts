import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { backendNames, backendsCalled } from '../bench/backends.js';
import { measure, type Figures } from '../bench/workload.js';
import { command } from '../command.js';
import { whole } from '../numbers.js';
import { table } from '../output.js';
import { Refusal } from '../refusal.js';
import { jsonOption } from '../store.js';

export const bench = command({
  name: 'bench',
  summary:
    'Measures workflows of one activity on this machine: latency from start to result, and throughput.',
  about: ['Stores of its own are made and removed. Only ratios of one run carry over to another machine.'],
  takes: [],
  options: {
    tasks: { type: 'string', value: 'NUMBER', default: '1000', help: 'Workflows to run. Default: 1000.' },
    concurrency: {
      type: 'string',
      value: 'NUMBER',
      default: '50',
      help: 'So many at any time. Default: 50.',
    },
    payload: {
      type: 'string',
      value: 'CHARACTERS',
      default: '256',
      help: 'What each carries. Default: 256.',
    },
    backend: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      help: `One of ${backendNames.join(', ')}; may be given again. Default: each of them.`,
    },
    folder: {
      type: 'string',
      value: 'FOLDER',
      help: 'On whose disk SQLite stores are made. Default: the temporary one.',
    },
    json: jsonOption,
  },
  run: async ({ values }, output) => {
    const tasks = whole(values.tasks, '--tasks', 1);
    const concurrency = whole(values.concurrency, '--concurrency', 1);
    const payload = whole(values.payload, '--payload', 0);
    const parent = resolve(values.folder ?? tmpdir());
    if (statSync(parent, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new Refusal(`There is no folder ${parent}`);
    const folder = mkdtempSync(join(parent, 'perdure-bench-'));
    try {
      const results: (Figures & { readonly backend: string })[] = [];
      for (const [backend, storage] of backendsCalled(values.backend ?? backendNames, folder))
        results.push({ backend, ...(await measure(storage, { tasks, concurrency, payload })) });
      if (values.json) output.json({ node: process.version, tasks, concurrency, payload, results });
      else {
        output.line(
          `${tasks} tasks, ${concurrency} at a time, ${payload} characters each; Node ${process.version}`,
        );
        for (const line of table(['BACKEND', 'P50 MS', 'P95 MS', 'TASKS/S'], results.map(row)))
          output.line(line);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
    return 0;
  },
});

function row({ backend, p50, p95, throughput }: Figures & { readonly backend: string }): readonly string[] {
  return [backend, p50.toFixed(2), p95.toFixed(2), throughput.toFixed(0)];
}
