import { rebuildError } from '../../codec/failures.js';
import { ArgumentCheck, requireObject } from '../../model/argument-check.js';
import {
  WorkflowCancelledError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowTimedOutError,
} from '../../model/errors.js';
import { statusBuckets } from '../../model/status.js';
import type { RunRecord } from '../../storage/records.js';
import { besideOf } from '../standalone.js';
import { describeActivities, type ActivityDescription } from './describe-activity.js';
import type { ListFilter, Page } from './description.js';
import { pageOfRuns } from './list.js';
import type { OpenCore } from './open-core.js';
import { recordOf } from './outcome.js';
import { readTarget } from './read-run.js';
import { waitClosed, type WaitOptions } from './wait-result.js';

export interface ActivityFilter {
  status?: ActivityDescription['status'];
  /** 1 … 1000, default 50. */
  pageSize?: number;
  pageToken?: string | null;
}

/** The run of a standalone activity. Throws `WorkflowNotFoundError` where there is none. */
export async function readActivity(core: OpenCore, activityId: string): Promise<RunRecord> {
  try {
    return await readTarget(besideOf(core), { workflowId: activityId });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new WorkflowNotFoundError(`There is no activity '${activityId}' in namespace '${core.namespace}'`);
  }
}

export async function describeActivity(core: OpenCore, activityId: string): Promise<ActivityDescription> {
  const [description] = await describeActivities(core, [await readActivity(core, activityId)]);
  return description as ActivityDescription;
}

/** One page of standalone activities, newest first. Throws `InvalidArgumentError` for a bad filter or token. */
export async function listActivities(
  core: OpenCore,
  given: ActivityFilter,
): Promise<Page<ActivityDescription>> {
  const { status, pageSize, pageToken, ...others } = requireObject(given, 'filter');
  const check = new ArgumentCheck();
  check.require(
    status === undefined || statusBuckets.includes(status),
    'status',
    `must be one of ${statusBuckets.join(', ')}`,
  );
  check.done('The activities cannot be listed');
  const filter: ListFilter = {
    ...others,
    ...(status !== undefined && { statusBucket: status }),
    ...(pageSize !== undefined && { pageSize }),
  };
  const { runs, nextPageToken } = await pageOfRuns(besideOf(core), filter, pageToken);
  return { items: await describeActivities(core, runs), nextPageToken };
}

/** Waits for the end of a standalone activity. Resolves to what it returned, or rejects as a workflow would that had failed so. */
export async function activityResult(
  core: OpenCore,
  activityId: string,
  options: WaitOptions = {},
): Promise<unknown> {
  await core.command(() => readActivity(core, activityId));
  await waitClosed(besideOf(core), { workflowId: activityId }, options);
  const activity = await core.command(() => describeActivity(core, activityId));
  const named = `Activity '${activity.activityType}' (${activityId})`;
  const { activityStatus, failure, closedReason } = activity;
  const reason = closedReason === undefined ? '' : `: ${closedReason}`;
  const details = failure && { cause: rebuildError(recordOf(failure)) };
  if (activityStatus === 'completed') return activity.result;
  if (activityStatus === 'timed_out') throw new WorkflowTimedOutError(`${named} timed out${reason}`, details);
  if (activityStatus === 'cancelled') throw new WorkflowCancelledError(`${named} was cancelled${reason}`);
  const { name, message } = failure ?? { name: 'Error', message: 'unknown failure' };
  const said = name === 'Error' ? message : `${name}: ${message}`;
  throw new WorkflowFailedError(`${named} failed: ${said}`, failure ?? { name, message }, details);
}
