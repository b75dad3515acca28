import { validateSync, type StandardSchema } from '../codec/schema.js';
import { parseDuration, type Duration } from '../model/duration.js';
import { InvalidArgumentError, type ArgumentIssue } from '../model/errors.js';
import type { ChildWorkflowScheduled, ParentClosePolicy, Unplaced } from '../model/events.js';
import { isValidId, type WorkflowId } from '../model/ids.js';
import { isValidName, nameMessage } from '../model/names.js';
import type { TextPayload } from '../model/payload.js';
import { freezeRetryPolicy, type RetryPolicy } from '../model/retry.js';
import type { DispatchDefaults } from './activity-call.js';
import type { Identity } from './identity.js';

export interface ChildOptions {
  /** Letters, digits, '.', '_', '-', ':'; 1 … 191 characters. Made of the parent's ids when left out. */
  id?: string;
  /** Default: that of the definition, else the queue of the parent. */
  taskQueue?: string;
  /** When and how often a run of the child that failed or timed out is tried again. Default: that of the definition, else never. */
  retry?: RetryPolicy;
  /** Limits the whole chain of the child's runs. Default: that of the definition, else none. */
  executionTimeout?: Duration;
  /** Limits one run of the child. Default: that of the definition, else none. */
  runTimeout?: Duration;
  /**
   * What becomes of the child when the parent ends and it is still open: asked to cancel (the default), ended by force, or
   * left alone. Continue-as-new is no end: the next run is the parent then.
   */
  parentClosePolicy?: ParentClosePolicy;
  memo?: Record<string, unknown>;
  searchAttributes?: Readonly<Record<string, unknown>>;
  /** 0 (first) … 9 (last). Default: that of the parent. */
  priority?: number;
  fairnessKey?: string;
  /** 1 … 1000. Default: that of the parent. */
  fairnessWeight?: number;
}

/** What a workflow needs to know of a workflow that it starts. */
export interface ChildReference {
  readonly name: string;
  readonly inputSchema?: StandardSchema | undefined;
  readonly taskQueue?: string | undefined;
  readonly executionTimeout?: Duration | undefined;
  readonly runTimeout?: Duration | undefined;
  readonly retry?: RetryPolicy | undefined;
}

const policies: readonly string[] = ['abandon', 'request_cancel', 'terminate'] satisfies ParentClosePolicy[];
const known: ReadonlySet<string> = new Set<keyof ChildOptions>([
  'id',
  'taskQueue',
  'retry',
  'executionTimeout',
  'runTimeout',
  'parentClosePolicy',
  'memo',
  'searchAttributes',
  'priority',
  'fairnessKey',
  'fairnessWeight',
]);

/** Checks a call and freezes what the child will be held to. Throws `InvalidArgumentError`, `PayloadError`, `PayloadTooLargeError`. */
export function freezeChildCall(
  childId: string,
  identity: Identity,
  child: ChildReference,
  encode: (value: unknown) => TextPayload,
  input: unknown,
  options: ChildOptions,
  defaults: DispatchDefaults,
): Unplaced<ChildWorkflowScheduled> {
  const issues: ArgumentIssue[] = [];
  const check = (ok: boolean, path: string, message: string): void => {
    if (!ok) issues.push({ path, message });
  };
  const { parentClosePolicy = 'request_cancel', memo, searchAttributes } = options;
  const workflowId = options.id ?? defaultId(identity, childId);
  const taskQueue = options.taskQueue ?? child.taskQueue ?? defaults.taskQueue;
  for (const key of Object.keys(options)) check(known.has(key), key, 'is no option of a child');
  check(isValidName(child.name), 'workflow', nameMessage);
  check(isValidId(workflowId), 'id', "must be 1 to 191 letters, digits, '.', '_', '-', ':'");
  check(isValidId(taskQueue), 'taskQueue', 'is no name of a queue');
  check(policies.includes(parentClosePolicy), 'parentClosePolicy', `must be one of ${policies.join(', ')}`);
  const priority = options.priority ?? defaults.priority;
  const fairnessKey = options.fairnessKey ?? defaults.fairnessKey;
  const fairnessWeight = options.fairnessWeight ?? defaults.fairnessWeight;
  check(Number.isFinite(priority), 'priority', 'must be a number');
  check(typeof fairnessKey === 'string', 'fairnessKey', 'must be a string');
  check(Number.isFinite(fairnessWeight), 'fairnessWeight', 'must be a number');
  const time = (path: 'executionTimeout' | 'runTimeout'): number | undefined => {
    const given = options[path] ?? child[path];
    const ms = given === undefined ? undefined : parseDuration(given, path);
    check(ms === undefined || ms > 0, path, 'must be positive');
    return ms;
  };
  const executionTimeout = time('executionTimeout');
  const runTimeout = time('runTimeout');
  check(
    (runTimeout ?? 0) <= (executionTimeout ?? Infinity),
    'runTimeout',
    'must not be longer than executionTimeout',
  );
  if (issues.length > 0)
    throw new InvalidArgumentError(`Child workflow '${child.name}' cannot be started`, issues);
  const retry = options.retry ?? child.retry;
  const accepted = child.inputSchema
    ? validateSync(child.inputSchema, input, `Input of workflow '${child.name}'`)
    : input;
  return {
    type: 'ChildWorkflowScheduled',
    childId,
    workflowType: child.name,
    workflowId,
    input: encode(accepted),
    taskQueue,
    parentClosePolicy,
    ...(executionTimeout !== undefined && { executionTimeout }),
    ...(runTimeout !== undefined && { runTimeout }),
    ...(retry && { retry: freezeRetryPolicy(retry) }),
    ...(memo && { memo: encode(memo) }),
    ...(searchAttributes && { searchAttributes: encode(searchAttributes) }),
    priority,
    fairnessKey,
    fairnessWeight,
  };
}

/** Unique by run and call, the same on every replay, and short enough however deep children go. */
function defaultId({ workflowId, runId }: Identity, childId: string): WorkflowId {
  const id = `${workflowId}:${runId.slice(-12)}:${childId}`;
  return id.length <= 191 ? id : `${runId}:${childId}`;
}
