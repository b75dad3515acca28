import type { Duration } from '../model/duration.js';
import type { RetryPolicy } from '../model/retry.js';
import type { StandardSchema } from '../codec/schema.js';
import type { ActivityReference } from '../replay/activity-call.js';
import type { WorkflowCode } from '../replay/instance.js';
import { standalone } from './standalone.js';

/** What the engine reads of the values that `defineWorkflow` and `defineActivity` make. */
export interface WorkflowContractRecord {
  readonly name: string;
  readonly messages: Readonly<Record<string, MessageRecord>>;
  readonly inputSchema?: StandardSchema | undefined;
  readonly outputSchema?: StandardSchema | undefined;
  readonly taskQueue?: string | undefined;
  readonly executionTimeout?: Duration | undefined;
  readonly runTimeout?: Duration | undefined;
  readonly retry?: RetryPolicy | undefined;
  readonly versioning?: 'pinned' | 'auto_upgrade' | undefined;
}
export interface MessageRecord {
  readonly kind: 'signal' | 'query' | 'update';
  readonly schema?: StandardSchema | undefined;
}
export interface WorkflowRecord extends WorkflowContractRecord, WorkflowCode {
  readonly messages: WorkflowContractRecord['messages'];
}

export interface ActivityRecord extends ActivityReference {
  readonly fn: (input: never, activity: never) => unknown;
}

/** The code that an engine was given, by name. */
export class Registry {
  readonly workflows: ReadonlyMap<string, WorkflowRecord>;
  readonly activities: ReadonlyMap<string, ActivityRecord>;

  constructor(workflows: readonly WorkflowRecord[], activities: readonly ActivityRecord[]) {
    this.workflows = new Map(workflows.map((workflow) => [workflow.name, workflow]));
    this.activities = new Map(activities.map((activity) => [activity.name, activity]));
  }

  /** The code of a workflow, of ours too. */
  workflowOf(type: string): WorkflowRecord | undefined {
    return type === standalone.name ? standalone : this.workflows.get(type);
  }
}
