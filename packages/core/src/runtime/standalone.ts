import type { Namespace } from '../model/ids.js';
import type { ActivityOptions } from '../replay/activity-call.js';

/**
 * A standalone activity is a run of one activity, by a workflow that every worker has. So all that holds for activities
 * of workflows holds for it: retries, timeouts, heartbeats, leases, cancellation.
 *
 * Its run is in a namespace beside the user's, whose name no user can give; so no list, count or handle of workflows
 * meets it. Its tasks are in the user's namespace, where the workers are: that of the activity in its queue, that of the
 * run in one that every worker serves, so that timeouts hold even where nobody serves the queue of the activity.
 */
export interface StandaloneCall {
  readonly type: string;
  readonly input: unknown;
  readonly options: ActivityOptions & { readonly taskQueue: string };
}

const suffix = '/activities';

/** A core whose runs are the standalone activities of its namespace. */
export function besideOf<C extends { readonly namespace: Namespace }>(core: C): C {
  return Object.create(core, { namespace: { value: core.namespace + suffix } }) as C;
}

/** The namespace whose workers do what is to be done for a run. */
export function homeOf(namespace: Namespace): Namespace {
  return namespace.endsWith(suffix) ? namespace.slice(0, -suffix.length) : namespace;
}

/** `/` is in no name that a user can give. */
export const standaloneQueue = 'activity/';

/** No workflow of a user's begins with a space. */
export const standalone = {
  name: ' activity',
  messages: {},
  versioning: 'auto_upgrade' as const,
  fn: (ctx: Caller, { type, input, options }: StandaloneCall) => ctx.runActivity(type, input, options),
};

interface Caller {
  runActivity(type: string, input: unknown, options: ActivityOptions): Promise<unknown>;
}
