#!/usr/bin/env node
import { demoWorker, demoWorkerName } from './demo/demo-worker.js';
import { processOutput } from './output.js';
import { run } from './run.js';
import { workerProcess, workerProcessName } from './worker/worker-process.js';

// Whoever reads may have enough before all is written, as in `perdure list | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

/** What this command runs in processes of its own, which it talks to. */
const processes: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  [workerProcessName]: workerProcess,
  [demoWorkerName]: demoWorker,
};

const args = process.argv.slice(2);
const inner = process.send ? processes[args[0] ?? ''] : undefined;
const exitCode = await (inner ? inner(args.slice(1)) : run(args, processOutput));
// What is written to a pipe may not be out yet, and a module of the user may keep the process alive.
for (const stream of [process.stdout, process.stderr]) await new Promise((done) => stream.write('', done));
process.exit(exitCode);
