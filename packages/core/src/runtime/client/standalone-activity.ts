import { encodeValue } from '../../codec/values.js';
import { validateSync } from '../../codec/schema.js';
import { InvalidArgumentError, WorkflowAlreadyStartedError } from '../../model/errors.js';
import { isValidName, nameMessage } from '../../model/names.js';
import {
  freezeActivityCall,
  type ActivityOptions,
  type ActivityReference,
} from '../../replay/activity-call.js';
import { besideOf, standalone, standaloneQueue, type StandaloneCall } from '../standalone.js';
import type { StartedRun } from './duplicates.js';
import { encodeFor } from './encode.js';
import type { OpenCore } from './open-core.js';
import { planStart } from './start-options.js';
import { startRun } from './start.js';

export interface StartActivityOptions extends ActivityOptions {
  /** Letters, digits, '.', '_', '-', ':'; 1 … 191 characters. Made up (uuid v7) when left out. A known one is refused: `WorkflowAlreadyStartedError`. */
  id?: string;
  /** One line for people. */
  label?: string;
  /** The caller's own name for what this is about. */
  businessKey?: string;
}

/**
 * Starts an activity of its own. Rejects with `WorkflowAlreadyStartedError`, `InvalidArgumentError`, `PayloadError`,
 * `PayloadTooLargeError`, `InterceptorError`; nothing has been written then.
 */
export async function startActivity(
  core: OpenCore,
  activity: ActivityReference,
  input: unknown,
  { id, label, businessKey, ...given }: StartActivityOptions,
): Promise<StartedRun> {
  const { name: type, inputSchema } = activity;
  if (!isValidName(type)) throw refused('activity', nameMessage);
  for (const [path, value] of Object.entries({ label, businessKey }))
    if (value !== undefined && (typeof value !== 'string' || value.length > 1_000))
      throw refused(path, 'must be a string of at most 1000 characters');
  const accepted = inputSchema ? validateSync(inputSchema, input, `Input of activity '${type}'`) : input;
  const options = { ...activity.options, ...given };
  const nowhere = { taskQueue: 'default', priority: 5, fairnessKey: '', fairnessWeight: 1 };
  const { taskQueue, priority, fairnessKey, fairnessWeight } = freezeActivityCall(
    '',
    { name: type, options: {} },
    () => ({ codec: '', text: '' }),
    undefined,
    options,
    nowhere,
    false,
  );
  const plan = planStart(
    { ...(id !== undefined && { id }), priority, fairnessKey, fairnessWeight },
    undefined,
    core.clock.now(),
  );
  const call: StandaloneCall = { type, input: accepted, options: { ...options, taskQueue } };
  const starting = startRun(besideOf(core), {
    workflowType: standalone.name,
    plan: { ...plan, taskQueue: standaloneQueue },
    input: encodeFor(core, call, `The input of activity '${type}'`),
    memo: encodeValue({ label, businessKey }),
    attributes: '{}',
    headers: core.interceptors.headersOf({ kind: 'activity', type, id, input }),
  });
  return starting.catch((error: unknown) => {
    if (!(error instanceof WorkflowAlreadyStartedError)) throw error;
    throw new WorkflowAlreadyStartedError(
      `Activity id '${id ?? ''}' is taken: look at what it stands for with activities.handle, or use another id`,
      { cause: error },
    );
  });
}

function refused(path: string, message: string): InvalidArgumentError {
  return new InvalidArgumentError('The activity cannot be started', [{ path, message }]);
}
