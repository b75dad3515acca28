import { checkMemoSize, memoCountIssues, memoIssues } from '../../codec/memo-limits.js';
import { validateSync } from '../../codec/schema.js';
import { encodeValue } from '../../codec/values.js';
import { InvalidArgumentError, PayloadTooLargeError, unknownWorkflow } from '../../model/errors.js';
import type { TextPayload } from '../../model/payload.js';
import { writeAttributes } from '../../storage/attributes.js';
import type { Core } from '../core.js';
import type { WorkflowContractRecord } from '../definitions.js';
import type { Beginning } from './birth.js';
import { encodeFor } from './encode.js';
import { isValidName, nameMessage } from '../../model/names.js';
import { planStart, type StartOptions, type StartPlan } from './start-options.js';
import { searchAttributeIssues, type SearchAttributeSchema } from '../../model/search-attributes.js';

/** What a caller may name a workflow by. */
export type WorkflowReference =
  string | (WorkflowContractRecord & { readonly searchAttributes?: SearchAttributeSchema | undefined });

/** What a caller gave to start with. */
export interface PlannedStart extends Beginning {
  readonly plan: StartPlan;
}

const mostAttributesBytes = 64 * 1024;

/**
 * Checks what a caller gave to start with and encodes it. Throws `UnknownWorkflowError`, `InvalidArgumentError`,
 * `PayloadError`, `PayloadTooLargeError`, `InterceptorError`; nothing has been written then.
 */
export function beginningOf(
  core: Core,
  workflow: WorkflowReference,
  input: unknown,
  options: StartOptions = {},
): PlannedStart {
  const definition = definitionOf(core, workflow);
  const workflowType = typeof workflow === 'string' ? workflow : workflow.name;
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new InvalidArgumentError('The options of start are the third argument', [
      { path: 'options', message: 'must be an object' },
    ]);
  }
  const plan = planStart(options, definition, core.clock.now());
  const accepted = definition?.inputSchema
    ? validateSync(definition.inputSchema, input, `Input of workflow '${workflowType}'`)
    : input;
  return {
    workflowType,
    plan,
    input: encodeFor(core, accepted, `The input of workflow '${workflowType}'`),
    memo: encodeMemo(core, options.memo ?? {}),
    attributes: encodeSearchAttributes(options.searchAttributes ?? {}, definition?.searchAttributes),
    headers: core.interceptors.headersOf({
      kind: 'workflow',
      type: workflowType,
      id: plan.workflowId,
      input,
    }),
  };
}

/** The contract, where it is known: given by the caller, or registered under the name. */
function definitionOf(
  core: Core,
  workflow: WorkflowReference,
): Exclude<WorkflowReference, string> | undefined {
  if (typeof workflow !== 'string') return workflow;
  if (!isValidName(workflow)) {
    throw new InvalidArgumentError('The workflow cannot be started', [
      { path: 'workflow', message: nameMessage },
    ]);
  }
  const { workflows } = core.registry;
  const definition = workflows.get(workflow);
  // A client has no workflows of its own: what the name means is known where it runs.
  if (!definition && workflows.size > 0) throw unknownWorkflow(workflow, workflows.keys());
  return definition;
}

export function encodeMemo(core: Core, memo: Record<string, unknown>): TextPayload {
  if (typeof memo !== 'object' || (memo as unknown) === null || Array.isArray(memo)) {
    throw new InvalidArgumentError('The workflow cannot be started', [
      { path: 'memo', message: 'must be an object' },
    ]);
  }
  const payload = encodeValue(memo, core.limits);
  checkMemoSize(payload);
  const issues = [...memoCountIssues(memo), ...memoIssues(memo, (value) => encodeValue(value, core.limits))];
  if (issues.length > 0) throw new InvalidArgumentError('The workflow cannot be started', issues);
  return payload;
}

export function encodeSearchAttributes(
  values: Readonly<Record<string, unknown>>,
  declared: SearchAttributeSchema | undefined,
): string {
  const issues = searchAttributeIssues(values, declared);
  if (issues.length > 0) throw new InvalidArgumentError('The workflow cannot be started', issues);
  const attributes = writeAttributes(values);
  if (attributes.length <= mostAttributesBytes) return attributes;
  throw new PayloadTooLargeError(
    `The search attributes are larger than 64 KiB (${attributes.length} characters): keep large values in the memo, or outside`,
  );
}
