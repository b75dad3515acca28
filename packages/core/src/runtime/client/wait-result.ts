import { ArgumentCheck } from '../../model/argument-check.js';
import { parseDuration, type Duration } from '../../model/duration.js';
import type { EngineClosedError } from '../../model/errors.js';
import { WaitTimeoutError, WorkflowNotFoundError } from '../../model/errors.js';
import type { RunId } from '../../model/ids.js';
import { NEVER, type EpochMs } from '../../model/time.js';
import { decodeBody, type EndedRun } from '../run-projection.js';
import type { OpenCore } from './open-core.js';
import { outcomeOf, readOutcome } from './outcome.js';
import { newestOf, readRun, readTarget } from './read-run.js';
import type { RunTarget } from './run-reads.js';

export interface WaitOptions {
  /** How long to wait; 0 looks once. Then `WaitTimeoutError`, which says how it is, and the workflow goes on. Default: no limit. */
  timeout?: Duration;
  /** Ends the wait with the signal's reason; the workflow goes on. */
  signal?: AbortSignal;
}

/** Waits for the end of the chain of the run that is meant when the wait begins: continue-as-new and retries are followed. Resolves to its output, or rejects with the typed error. */
export async function waitResult(core: OpenCore, target: RunTarget, options?: WaitOptions): Promise<unknown> {
  const ended = await waitClosed(core, target, options);
  return outcomeOf(await core.command(() => readOutcome(core, ended)));
}

/** The same, for the run that ended. */
export async function waitClosed(
  core: OpenCore,
  target: RunTarget,
  options: WaitOptions = {},
): Promise<EndedRun> {
  const check = new ArgumentCheck();
  check.options(options, ['timeout', 'signal']);
  check.done('The result cannot be waited for');
  const { signal } = options;
  const timeout =
    options.timeout === undefined ? undefined : Math.max(0, parseDuration(options.timeout, 'timeout'));
  const until = timeout === undefined ? undefined : Math.min(NEVER, core.clock.now() + timeout);
  signal?.throwIfAborted();
  let runId = ownedHere(core, target);
  for (;;) {
    if (runId === undefined || timeout === 0) {
      const run = await core.command(async () => newestOf(core, await readTarget(core, target)));
      if (run.closedAt !== null) return run;
      if (timeout === 0) throw await timeIsUp(core, run.runId);
      runId = run.runId;
    }
    const ended = await closing(core, runId, until, signal);
    if (!ended) throw await timeIsUp(core, runId);
    const next = decodeBody(ended).nextRunId;
    if (next === undefined) return ended;
    target = { workflowId: ended.workflowId, runId: next };
    runId = ownedHere(core, target);
  }
}

/** A run that the worker of this process is moving on is open, and the newest of its chain: there is nothing to read yet. */
function ownedHere(core: OpenCore, { runId, follow }: RunTarget): RunId | undefined {
  return follow && runId !== undefined && core.worker?.moves(runId) ? runId : undefined;
}

async function timeIsUp(core: OpenCore, runId: RunId): Promise<WaitTimeoutError> {
  const run = await core.command(() => readRun(core, runId));
  const why = run.status === 'blocked' ? decodeBody(run).blocked?.message : undefined;
  const mend = `: ${why} It goes on with an engine whose code mends this, or after handle.repair().`;
  return new WaitTimeoutError(
    `Workflow '${run.workflowId}' (run ${runId}) did not end in the time that its result was awaited; it is ${run.status}${why ? mend : ''}`,
  );
}

function closing(
  core: OpenCore,
  runId: RunId,
  until: EpochMs | undefined,
  signal: AbortSignal | undefined,
): Promise<EndedRun | undefined> {
  return new Promise((resolve, reject) => {
    const ends: (() => void)[] = [];
    let over = false;
    const end = (settle: () => void): void => {
      over = true;
      for (const clean of ends.splice(0)) clean();
      settle();
    };
    ends.push(
      core.closings.wait(runId, (run, error) => {
        end(() => {
          if (run) resolve(run);
          else reject(error ?? gone(core, runId));
        });
      }),
    );
    if (over) return; // closed meanwhile
    if (until !== undefined) {
      const elapsed = (): void => {
        end(() => {
          resolve(undefined);
        });
      };
      ends.push(core.clock.setTimer(until, elapsed, 'foreground'));
    }
    if (signal) {
      const aborted = (): void => {
        end(() => {
          reject(signal.reason as Error);
        });
      };
      signal.addEventListener('abort', aborted, { once: true });
      ends.push(() => {
        signal.removeEventListener('abort', aborted);
      });
      if (signal.aborted) aborted();
    }
  });
}

function gone(core: OpenCore, runId: RunId): Error {
  try {
    core.assertOpen();
    return new WorkflowNotFoundError(`Run ${runId} was removed while its result was awaited`);
  } catch (error) {
    return error as EngineClosedError;
  }
}
