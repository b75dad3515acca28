// A process whose isolated activities spin and rest; it says their process ids and waits to be killed.
import { createEngine } from '@perdure/core';
import { createIsolation } from '@perdure/isolation';
import { memory } from '@perdure/memory';
import { spin, where } from './isolated-activities.js';

const [file = ''] = process.argv.slice(2);
const isolation = createIsolation(new URL('./isolated-activities.js', import.meta.url), {
  processes: 2,
  idleTimeout: '10m',
});
const activities = [isolation.activity(spin), isolation.activity(where)];
const engine = await createEngine({ storage: memory(), activities });
await engine.activities.start(spin, file);
const idle = await engine.activities.start(where);
process.send?.(await idle.result());
