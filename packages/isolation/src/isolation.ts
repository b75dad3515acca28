import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { ActivityDefinition, ActivityImplementation, Duration } from '@perdure/core';
import { ArgumentCheck } from '@perdure/core/storage';
import { parseDuration } from '@perdure/core/internal';
import { Pool } from './pool.js';

export interface IsolationOptions {
  /**
   * Processes at once, each with one attempt at a time. Default: as many as the host has cores. An attempt that finds
   * none free waits, while its timeouts run: let the engine's `maxConcurrentActivities` not be much more.
   */
  processes?: number;
  /** Attempts after which a process is replaced, so that what leaks in it goes; 0 for never. Default 100. */
  recycleAfter?: number;
  /** How long code that was told to stop, by its `signal`, may take to end before its process is killed. Default 1 s. */
  killAfter?: Duration;
  /** How long a process without work is kept. Default 10 s. */
  idleTimeout?: Duration;
  /** Options of Node for the processes, such as `['--max-old-space-size=512']`. Default: those of this process. */
  execArgv?: readonly string[];
  /** Environment of the processes, over that of this one. Default none. */
  env?: Readonly<Record<string, string | undefined>>;
}

/** Activities of one module, in processes of their own. */
export interface Isolation {
  /**
   * The activity, run in a process of the pool: give this to an engine. The module must export it, with its code, under
   * any name; here its contract is enough, so that nothing of its code need be loaded in this process.
   */
  activity<I, O>(activity: ActivityDefinition<I, O>): ActivityImplementation<I, O>;
  /**
   * Kills what still runs and ends every process; resolves when none is left. Close the engine first: it waits for
   * running activities. Later attempts fail with the code `isolation_closed`. Idempotent.
   */
  close(): Promise<void>;
}

function checked<I, O>(definition: ActivityDefinition<I, O>): ActivityDefinition<I, O> {
  const check = new ArgumentCheck();
  const { implement } = (definition ?? {}) as Partial<ActivityDefinition<I, O>>;
  check.require(typeof implement === 'function', 'activity', 'must be what defineActivity returned');
  check.done('The activity cannot be isolated');
  return definition;
}

/**
 * Runs activities in processes of their own, so that an endless loop, a leak or a native crash takes neither the engine
 * nor other work with it. A process is killed when its attempt is stopped (timed out, heartbeat missed, cancelled, lease
 * lost, engine closed) and does not end by itself; a process that dies is a failed attempt with the code `process_lost`,
 * retried by the activity's policy. When this process dies, all of them end within a second or so.
 *
 * The context of an activity works across the boundary; values and errors cross as they would through the store. Throws
 * `InvalidArgumentError`.
 *
 * @example
 * ```ts
 * import { createEngine, defineActivity } from '@perdure/core';
 * import { createIsolation } from '@perdure/isolation';
 * import { memory } from '@perdure/memory';
 *
 * const render = defineActivity('render', { heartbeatTimeout: '10s' }, async (page: string) => `<p>${page}</p>`);
 *
 * const isolation = createIsolation(new URL('./activities.js', import.meta.url), { processes: 2 });
 * const engine = await createEngine({ storage: memory(), activities: [isolation.activity(render)] });
 * await engine.close();
 * await isolation.close();
 * ```
 *
 * @param module URL of the module, as in the example; not a path, which would depend on who asks.
 */
export function createIsolation(module: URL | string, options: IsolationOptions = {}): Isolation {
  const check = new ArgumentCheck();
  check.options(options, known);
  const { processes = availableParallelism(), recycleAfter = 100 } = options;
  check.require(isUrl(module), 'module', "must be a URL, as in new URL('./activities.js', import.meta.url)");
  check.require(!isMissing(module), 'module', `is not there: ${String(module)}`);
  check.require(
    Number.isSafeInteger(processes) && processes >= 1,
    'processes',
    'must be a whole number from 1',
  );
  check.require(
    Number.isSafeInteger(recycleAfter) && recycleAfter >= 0,
    'recycleAfter',
    'must be a whole number, or 0 for never',
  );
  check.done('The isolation cannot be made');
  const { killAfter = '1s', idleTimeout = '10s', execArgv, env } = options;
  const pool = new Pool({
    module: String(module),
    processes,
    recycleAfter,
    killAfter: Math.max(0, parseDuration(killAfter, 'killAfter')),
    idleTimeout: Math.max(0, parseDuration(idleTimeout, 'idleTimeout')),
    execArgv,
    env,
  });
  return {
    activity: (definition) =>
      checked(definition).implement(async (input, activity) => {
        const result = await pool.run(definition.name, input, activity);
        return result as never;
      }),
    close: () => pool.close(),
  };
}

const known: readonly (keyof IsolationOptions)[] = [
  'processes',
  'recycleAfter',
  'killAfter',
  'idleTimeout',
  'execArgv',
  'env',
];

/** Known of files only. */
function isMissing(module: unknown): boolean {
  if (!isUrl(module)) return false;
  const url = new URL(String(module));
  return url.protocol === 'file:' && !existsSync(url);
}

function isUrl(module: unknown): boolean {
  return module instanceof URL || (typeof module === 'string' && URL.canParse(module));
}
