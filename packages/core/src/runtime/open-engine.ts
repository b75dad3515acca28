import { parseDuration, type Duration } from '../model/duration.js';
import { ArgumentCheck } from '../model/argument-check.js';
import { isValidId } from '../model/ids.js';
import type { ActivityRecord, WorkflowRecord } from './definitions.js';
import { openCore, type CoreSeams, type Opened } from './open.js';
import { checkCoreOptions, idGrammar, type CoreOptions } from './open-options.js';
import { defaultRunLimits, type RunLimits } from './worker/run-limits.js';
import { startWorker, type Worker } from './worker/worker.js';

/** What opens an engine: a client that also works. */
export interface WorkOptions extends CoreOptions {
  /** Queues that this engine serves. Default `['default']`. */
  taskQueues?: readonly string[];
  /** Names the code that this engine runs. Default none. */
  buildId?: string;
  /** Names this process to people: the owner of its leases. Default none. */
  identity?: string;
  /** Activities at once. Default 100. */
  maxConcurrentActivities?: number;
  /** Runs held in memory; the least recently used go first. Default 1000. */
  maxCachedWorkflows?: number;
  /** How large a run may grow before it is failed with the code `structural_limit`. */
  limits?: RunLimits;
  /**
   * After each commit of a run, replay it from its first event and compare: code that would diverge one day blocks its
   * run at once, with the report. Each step then costs as much as the history is long, so that it is off by default, and
   * goes by what the caller says and not by what the host calls itself. Default false.
   *
   * The checks that cost nothing are always on: commands against history, with what they were given,
   * foreign awaits, calls outside their time.
   */
  dev?: boolean;
}

export interface OpenedEngine extends Opened {
  readonly worker: Worker;
  /** How long running activities may take to end, before they are stopped. Milliseconds, default 30 s. */
  shutDown(grace?: Duration): Promise<void>;
}

const defaultGrace = 30_000;

/** Opens a core, gives it a worker and lets it begin. */
export async function openEngineCore(
  options: WorkOptions,
  code: { readonly workflows: readonly WorkflowRecord[]; readonly activities: readonly ActivityRecord[] },
  seams?: CoreSeams,
): Promise<OpenedEngine> {
  checkWorkOptions(options);
  const {
    taskQueues = ['default'],
    buildId,
    identity,
    maxConcurrentActivities = 100,
    maxCachedWorkflows = 1_000,
    limits = {},
    dev = false,
  } = options;
  const checks = { ...seams?.checks, ...(dev && { shadowReplay: true }) };
  const opened = await openCore(options, code, { ...seams, checks });
  const { core } = opened;
  try {
    const uuid = core.ids.next(core.clock.now());
    const worker = await startWorker(core, {
      id: identity === undefined ? uuid : `${identity}:${uuid}`,
      taskQueues: [...new Set(taskQueues)],
      buildId: buildId ?? null,
      maxConcurrentActivities,
      maxCachedWorkflows,
      limits,
    });
    opened.employ(worker);
    await worker.begin();
    return {
      ...opened,
      worker,
      shutDown: async (grace = defaultGrace) => {
        const ms = Math.max(0, parseDuration(grace, 'grace'));
        await opened.close(() => worker.close(ms));
      },
      abandon: () => {
        worker.abandon();
        opened.abandon();
      },
    };
  } catch (error) {
    await opened.close().catch(() => undefined); // the first error says more
    throw error;
  }
}

const engineOptions: readonly string[] = [
  'workflows',
  'activities',
  ...([
    'taskQueues',
    'buildId',
    'identity',
    'maxConcurrentActivities',
    'maxCachedWorkflows',
    'limits',
    'dev',
  ] satisfies (keyof WorkOptions)[]),
];

function checkWorkOptions(options: WorkOptions): void {
  checkCoreOptions(options, engineOptions);
  const check = new ArgumentCheck();
  const {
    taskQueues,
    buildId,
    identity,
    maxConcurrentActivities: activities = 1,
    maxCachedWorkflows: cached = 1,
    limits = {},
    dev = false,
  } = options;
  check.require(typeof dev === 'boolean', 'dev', 'must be true or false');
  check.require(
    taskQueues === undefined ||
      (Array.isArray(taskQueues) && taskQueues.length > 0 && taskQueues.every(isValidId)),
    'taskQueues',
    `must be a list of names; each ${idGrammar}`,
  );
  check.require(buildId === undefined || isValidId(buildId), 'buildId', idGrammar);
  check.require(
    identity === undefined || (isValidId(identity) && identity.length <= 100),
    'identity',
    "must be 1 to 100 letters, digits, '.', '_', '-', ':'",
  );
  check.require(
    Number.isSafeInteger(activities) && activities >= 1,
    'maxConcurrentActivities',
    'must be a whole number from 1',
  );
  check.require(Number.isSafeInteger(cached) && cached >= 0, 'maxCachedWorkflows', 'must be a whole number');
  for (const [name, limit] of Object.entries(limits)) {
    const known = Object.hasOwn(defaultRunLimits, name);
    check.require(
      known,
      `limits.${name}`,
      `is no limit; there are ${Object.keys(defaultRunLimits).join(', ')}`,
    );
    check.require(
      Number.isSafeInteger(limit) && limit >= 0,
      `limits.${name}`,
      'must be a whole number, or 0 for none',
    );
  }
  check.done('The engine cannot be opened');
}
