import { createEngine } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { effect, workflows } from './workflows.js';

const [file] = process.argv.slice(2);
await createEngine({ storage: sqlite(file as string), workflows, activities: [effect] });
process.send?.('ready');
