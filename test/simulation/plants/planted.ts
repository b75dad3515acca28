import { activities } from './activities.js';
import { attempts } from './attempts.js';
import { leases } from './leases.js';
import { messages } from './messages.js';
import { order } from './order.js';
import type { Plant } from './plant.js';
import { replay } from './replay.js';
import { runs } from './runs.js';

/** Every bug that is planted to see whether the simulator finds it. */
export const plants: readonly Plant[] = [
  ...leases,
  ...activities,
  ...messages,
  ...runs,
  ...attempts,
  ...replay,
  ...order,
];
