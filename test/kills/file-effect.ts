import { appendFileSync } from 'node:fs';
import { effect } from './workflows.js';

/** In processes the ledger is a file. */
export const fileEffect = effect.implement(async ({ ledger, what }, { idempotencyKey, info }) => {
  appendFileSync(ledger, `${JSON.stringify({ key: idempotencyKey, attempt: info.attempt, what })}\n`);
  await new Promise((resolve) => setTimeout(resolve, 5));
  return what;
});
