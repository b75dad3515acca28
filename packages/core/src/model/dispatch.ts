import type { ArgumentIssue } from './errors.js';
import { isValidId } from './ids.js';

/** Where work goes, and in which order it is taken. */
export interface DispatchOptions {
  readonly taskQueue?: string | undefined;
  readonly priority?: number | undefined;
  readonly fairnessKey?: string | undefined;
  readonly fairnessWeight?: number | undefined;
  readonly requires?: 'online' | undefined;
}

const fairnessGrammar = /^[A-Za-z0-9._:-]{0,64}$/;

/** What is wrong with them, each with its path. */
export function dispatchIssues(options: DispatchOptions): ArgumentIssue[] {
  const { taskQueue, priority = 5, fairnessKey = '', fairnessWeight = 1, requires } = options;
  const issues: ArgumentIssue[] = [];
  const check = (holds: boolean, path: string, message: string): void => {
    if (!holds) issues.push({ path, message });
  };
  check(
    taskQueue === undefined || isValidId(taskQueue),
    'taskQueue',
    "must be 1 to 191 letters, digits, '.', '_', '-', ':'",
  );
  check(
    Number.isInteger(priority) && priority >= 0 && priority <= 9,
    'priority',
    'must be a whole number from 0 to 9',
  );
  check(
    typeof fairnessKey === 'string' && fairnessGrammar.test(fairnessKey),
    'fairnessKey',
    "must be at most 64 letters, digits, '.', '_', '-', ':'",
  );
  check(
    Number.isInteger(fairnessWeight) && fairnessWeight >= 1 && fairnessWeight <= 1000,
    'fairnessWeight',
    'must be a whole number from 1 to 1000',
  );
  check(requires === undefined || requires === 'online', 'requires', "must be 'online'");
  return issues;
}
