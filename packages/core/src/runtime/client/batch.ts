import { ArgumentCheck } from '../../model/argument-check.js';
import { InvalidArgumentError } from '../../model/errors.js';
import type { RunRecord } from '../../storage/records.js';
import type { RunCursor } from '../../storage/port.js';
import { cancelRun } from './cancel.js';
import type { ListFilter } from './description.js';
import { queryOf } from './list-filter.js';
import type { OpenCore } from './open-core.js';
import type { RunTarget } from './run-reads.js';
import { signalRun } from './signal.js';
import { terminateRun } from './terminate.js';
import { checkReason } from './termination.js';

/** What is done to each run of a batch. */
export type BatchAction =
  | { readonly signal: string; readonly payload?: unknown }
  | { readonly cancel: true; readonly reason?: string }
  | { readonly terminate: true; readonly reason?: string };

/** How far a batch is. */
export interface BatchProgress {
  /** Open runs found so far that match. */
  readonly matched: number;
  readonly done: number;
  /** Runs that refused, such as one that had ended by then, or a signal that its type does not take. */
  readonly failed: number;
}

const runsAtOnce = 10;
const pageSize = 100;

/**
 * Does something to every open run that matches, ten at a time, and tells how far it is after each ten. Runs that start
 * after it began are left alone. Each value that is asked for is the next piece of work, so whoever stops asking stops
 * it. Throws `InvalidArgumentError` for a bad filter or action, before anything is done.
 */
export async function* batch(
  core: OpenCore,
  filter: ListFilter,
  action: BatchAction,
): AsyncGenerator<BatchProgress, void, undefined> {
  const act = checked(core, action);
  const { query } = await core.command(() => queryOf(core, filter));
  const progress = { matched: 0, done: 0, failed: 0 };
  for (let after: RunCursor | null = null; ;) {
    const page: readonly RunRecord[] =
      query.statuses?.length === 0
        ? []
        : await core.command(() => core.storage.listRuns(query, { after, limit: pageSize }));
    const open = page.filter((run) => run.closedAt === null);
    progress.matched += open.length;
    for (let i = 0; i < open.length; i += runsAtOnce) {
      const results = await Promise.allSettled(
        open.slice(i, i + runsAtOnce).map((run) => core.command(() => act(run))),
      );
      for (const { status } of results) progress[status === 'fulfilled' ? 'done' : 'failed']++;
      core.assertOpen();
      yield { ...progress };
    }
    after = page.at(-1) ?? null;
    if (page.length < pageSize) break;
  }
  if (progress.matched === 0) yield { ...progress };
}

/** A run that was found, or the one that goes on in its place by now. */
function orNext({ workflowId, runId }: RunRecord): RunTarget {
  return { workflowId, runId, follow: true };
}

function checked(core: OpenCore, action: BatchAction): (run: RunRecord) => Promise<void> {
  const given = (action as unknown) === null || typeof action !== 'object' ? {} : action;
  const kinds = (['signal', 'cancel', 'terminate'] as const).filter((kind) => kind in given);
  const [kind = 'cancel'] = kinds;
  const check = new ArgumentCheck();
  if (kinds.length === 1) check.known(given, [kind, kind === 'signal' ? 'payload' : 'reason'], 'action.');
  check.done('The batch cannot begin');
  if ('signal' in given && typeof given.signal === 'string' && kinds.length === 1) {
    const { signal, payload } = given as { readonly signal: string; readonly payload?: unknown };
    return (run) => signalRun(core, orNext(run), undefined, signal, payload, undefined);
  }
  const { reason } = given as { readonly reason?: string };
  checkReason(reason);
  if ('cancel' in given && kinds.length === 1)
    return (run) => cancelRun(core, orNext(run), reason === undefined ? {} : { reason });
  if ('terminate' in given && kinds.length === 1) return (run) => terminateRun(core, orNext(run), reason);
  throw new InvalidArgumentError('The batch cannot begin', [
    { path: 'action', message: "must be one of { signal: 'name' }, { cancel: true }, { terminate: true }" },
  ]);
}
