import { validateSync, type StandardSchema } from '../codec/schema.js';
import { InvalidArgumentError, type ArgumentIssue } from '../model/errors.js';
import type { WorkflowStarted } from '../model/events.js';
import { isValidId } from '../model/ids.js';
import { isValidName, nameMessage } from '../model/names.js';
import type { TextPayload } from '../model/payload.js';

/** A workflow as code names it: by its definition, or by name. */
export type WorkflowName =
  | string
  | {
      readonly name: string;
      readonly taskQueue?: string | undefined;
      readonly inputSchema?: StandardSchema | undefined;
    };

export interface ContinueAsNewOptions {
  /** Another workflow to go on as. Default: the same. */
  workflow?: WorkflowName;
  /** Default: that of the definition given, else the queue of this run. */
  taskQueue?: string;
}

/** What the next run of a chain begins with. */
export interface Continuation {
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly input: TextPayload;
}

/** Unwinds the workflow's function once the run has ended; catching it changes nothing. */
export class ContinuedAsNew extends Error {
  constructor() {
    super('This run has ended; the workflow continues as a new one');
    this.name = 'ContinuedAsNew';
  }
}

/** Checks what a run is to go on as. Throws `InvalidArgumentError`, `PayloadError`, `PayloadTooLargeError`. */
export function freezeContinuation(
  own: Exclude<WorkflowName, string>,
  started: WorkflowStarted,
  encode: (value: unknown) => TextPayload,
  input: unknown,
  { workflow, taskQueue }: ContinueAsNewOptions = {},
): Continuation {
  const next = typeof workflow === 'string' ? { name: workflow } : (workflow ?? own);
  const queue = taskQueue ?? (workflow === undefined ? undefined : next.taskQueue) ?? started.taskQueue;
  const issues: ArgumentIssue[] = [];
  if (!isValidName(next.name)) issues.push({ path: 'workflow', message: nameMessage });
  if (!isValidId(queue)) issues.push({ path: 'taskQueue', message: 'is no name of a queue' });
  if (issues.length > 0) throw new InvalidArgumentError('The workflow cannot continue as new', issues);
  const accepted = next.inputSchema
    ? validateSync(next.inputSchema, input, `Input of workflow '${next.name}'`)
    : input;
  return { workflowType: next.name, taskQueue: queue, input: encode(accepted) };
}
