#!/usr/bin/env node
import { processOutput } from './output.js';
import { run } from './run.js';
import { workerProcess, workerProcessName } from './worker/worker-process.js';

// Whoever reads may have enough before all is written, as in `perdure list | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const [name, ...rest] = process.argv.slice(2);
const exitCode =
  name === workerProcessName && process.send
    ? await workerProcess(rest)
    : await run(process.argv.slice(2), processOutput);
// What is written to a pipe may not be out yet, and a module of the user may keep the process alive.
for (const stream of [process.stdout, process.stderr]) await new Promise((done) => stream.write('', done));
process.exit(exitCode);
