import { createEngine } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import { fileEffect } from './file-effect.js';
import { workflows } from './workflows.js';

const [file] = process.argv.slice(2);
await createEngine({ storage: sqlite(file as string), workflows, activities: [fileEffect] });
process.send?.('ready');
