import { Worker } from 'node:worker_threads';

/** How often the parent is looked for. Milliseconds. */
const every = 1_000;

/**
 * Ends this process with its parent, whatever the parent died of. The closed channel tells an idle process at once; code
 * that never yields hears nothing, so that a thread of its own looks whether the parent is still the same. Where the
 * host does not give orphans another parent (Windows), only the channel counts.
 */
export function dieWithParent(): void {
  process.once('disconnect', () => process.exit(0));
  const watch = new Worker(
    `const { workerData } = require('node:worker_threads');
     setInterval(() => {
       if (process.ppid !== workerData.parent) process.kill(process.pid, 'SIGKILL');
     }, workerData.every);`,
    { eval: true, execArgv: [], workerData: { parent: process.ppid, every } },
  );
  watch.unref();
}
