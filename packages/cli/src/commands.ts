import type { Command } from './command.js';
import { bench } from './commands/bench.js';
import { cancel } from './commands/cancel.js';
import { demo } from './commands/demo.js';
import { doctor } from './commands/doctor.js';
import { exportHistory } from './commands/export.js';
import { history } from './commands/history.js';
import { list } from './commands/list.js';
import { query } from './commands/query.js';
import { signal } from './commands/signal.js';
import { start } from './commands/start.js';
import { status } from './commands/status.js';
import { terminate } from './commands/terminate.js';
import { ui } from './commands/ui.js';
import { verify } from './commands/verify.js';
import { worker } from './commands/worker.js';

/** In the order in which help lists them. */
export const commands: readonly Command[] = [
  worker,
  start,
  signal,
  query,
  cancel,
  terminate,
  status,
  list,
  history,
  exportHistory,
  verify,
  doctor,
  ui,
  bench,
  demo,
];
