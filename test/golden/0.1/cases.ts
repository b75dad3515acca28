import type { Cases } from '../golden-case.js';
import { activities } from './activities.js';
import { ends } from './ends.js';
import { others } from './others.js';
import { payloads } from './payloads.js';
import { recorded } from './recorded.js';
import { waits } from './waits.js';

/** Recorded by release 0.1. Nothing in this folder is ever changed: what a later release needs gets a folder of its own. */
export const cases: Cases = [...activities, ...waits, ...recorded, ...others, ...ends, ...payloads];
