import { InvalidArgumentError, type ArgumentIssue } from '../model/errors.js';
import type { ActivityRecord, WorkflowRecord } from '../runtime/definitions.js';

/** The definitions that an engine was given, as the engine reads them. Throws `InvalidArgumentError` with a path for each thing wrong. */
export function registeredCode(
  options: Given | undefined,
  refusal = 'The engine cannot be opened',
): {
  readonly workflows: readonly WorkflowRecord[];
  readonly activities: readonly ActivityRecord[];
} {
  const issues: ArgumentIssue[] = [];
  const workflows = implementations('workflow', options?.workflows, issues) as readonly WorkflowRecord[];
  const activities = implementations('activity', options?.activities, issues) as readonly ActivityRecord[];
  if (issues.length > 0) throw new InvalidArgumentError(refusal, issues);
  return { workflows, activities };
}

interface Given {
  readonly workflows?: readonly unknown[];
  readonly activities?: readonly unknown[];
}

interface Definition {
  readonly name?: unknown;
  readonly fn?: unknown;
  readonly implement?: unknown;
  readonly messages?: unknown;
}

function implementations(
  kind: 'workflow' | 'activity',
  given: unknown,
  issues: ArgumentIssue[],
): readonly unknown[] {
  const list = kind === 'workflow' ? 'workflows' : 'activities';
  const made = kind === 'workflow' ? 'defineWorkflow' : 'defineActivity';
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    issues.push({ path: list, message: 'must be a list' });
    return [];
  }
  const seen = new Map<string, number>();
  given.forEach((one: Definition | null | undefined, i) => {
    const path = `${list}[${i}]`;
    const defined =
      typeof one?.name === 'string' &&
      typeof one.implement === 'function' &&
      (kind === 'workflow') === (one.messages !== undefined);
    if (!defined) {
      issues.push({ path, message: `must be made by ${made}` });
      return;
    }
    const name = one.name;
    if (typeof one.fn !== 'function')
      issues.push({
        path,
        message: `${kind} '${name}' is a contract without code: give what its .implement(fn) returns`,
      });
    const first = seen.get(name);
    if (first === undefined) seen.set(name, i);
    else issues.push({ path, message: `the name '${name}' is taken by ${list}[${first}]` });
  });
  return given;
}
