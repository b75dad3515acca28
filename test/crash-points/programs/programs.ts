import type { Program } from '../program.js';
import { childTree, continued, patched, saga } from './chains.js';
import { cancelled, completedLater, signalLoop, updates } from './messages.js';
import { fanOut, race, retries, sequential } from './steps.js';

/** The twelve reference workflows. */
export const programs: readonly Program[] = [
  sequential,
  fanOut,
  race,
  signalLoop,
  updates,
  childTree,
  continued,
  saga,
  cancelled,
  retries,
  patched,
  completedLater,
];
