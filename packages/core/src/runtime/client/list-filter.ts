import { requireObject } from '../../model/argument-check.js';
import { InvalidArgumentError, type ArgumentIssue } from '../../model/errors.js';
import { statusesIn, statusHint, workflowStatuses, type WorkflowStatus } from '../../model/status.js';
import type { RunQuery } from '../../storage/port.js';
import type { Core } from '../core.js';
import { registeredAttributes } from '../search/attribute-registry.js';
import { narrowed } from '../search/narrowed.js';
import { parseQuery } from '../search/query-parser.js';
import type { ListFilter } from './description.js';

const known: ReadonlySet<string> = new Set<keyof ListFilter>([
  'workflowType',
  'status',
  'statusBucket',
  'taskQueue',
  'workflowId',
  'workflowIdPrefix',
  'startedAfter',
  'startedBefore',
  'closedAfter',
  'closedBefore',
  'query',
  'archived',
  'allRuns',
  'pageSize',
]);
const texts = ['workflowType', 'workflowId', 'workflowIdPrefix', 'taskQueue'] as const;
const dates = ['startedAfter', 'startedBefore', 'closedAfter', 'closedBefore'] as const;
const buckets: readonly string[] = ['running', 'completed', 'failed'];

export interface PlannedList {
  readonly query: RunQuery;
  readonly pageSize: number;
  readonly oldestFirst: boolean;
}

/** What a filter asks of the store. Rejects with `InvalidArgumentError`. */
export async function queryOf(core: Core, filter: ListFilter): Promise<PlannedList> {
  const issues: ArgumentIssue[] = [];
  const check = (holds: boolean, path: string, message: string): void => {
    if (!holds) issues.push({ path, message });
  };
  const {
    status,
    statusBucket,
    archived = false,
    allRuns = false,
    pageSize = 50,
  } = requireObject(filter, 'filter');
  for (const name of Object.keys(filter))
    check(known.has(name), name, `is no filter; there are ${[...known].join(', ')}`);
  for (const name of texts)
    check(filter[name] === undefined || isText(filter[name]), name, 'must be a string that a store can hold');
  for (const name of dates) {
    const date = filter[name];
    check(
      date === undefined || (date instanceof Date && !Number.isNaN(date.getTime())),
      name,
      'must be a valid Date',
    );
  }
  const given: readonly string[] | undefined = typeof status === 'string' ? [status] : status;
  const areTexts =
    given === undefined || (Array.isArray(given) && given.every((one) => typeof one === 'string'));
  check(areTexts, 'status', 'must be a status or a list of some');
  for (const one of areTexts ? (given ?? []) : []) {
    const isKnown = workflowStatuses.includes(one as WorkflowStatus);
    check(isKnown, 'status', `'${one}' is no status; ${statusHint(one)}`);
  }
  check(
    statusBucket === undefined || buckets.includes(statusBucket),
    'statusBucket',
    `must be one of ${buckets.join(', ')}`,
  );
  check(filter.query === undefined || typeof filter.query === 'string', 'query', 'must be a string');
  check(typeof archived === 'boolean', 'archived', 'must be true or false');
  check(
    Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= 1_000,
    'pageSize',
    'must be a whole number from 1 to 1000',
  );
  if (issues.length > 0) throw new InvalidArgumentError('The filter is not valid', issues);

  const inBucket = statusBucket && statusesIn(statusBucket);
  const statuses =
    given && inBucket
      ? inBucket.filter((one) => given.includes(one))
      : ((given as readonly WorkflowStatus[] | undefined) ?? inBucket);
  const query: Record<string, unknown> = { namespace: core.namespace, archived };
  for (const name of texts) if (filter[name] !== undefined) query[name] = filter[name];
  for (const name of dates) if (filter[name] !== undefined) query[name] = filter[name].getTime();
  if (statuses) query['statuses'] = statuses;
  if (!allRuns) query['currentOnly'] = true;
  const plain = query as unknown as RunQuery;
  if (filter.query === undefined) return { query: plain, pageSize, oldestFirst: false };
  const { where, oldestFirst } = parseQuery(filter.query, await registeredAttributes(core));
  return { query: where ? narrowed(plain, where) : plain, pageSize, oldestFirst };
}

/** No store has to take U+0000 or half of a surrogate pair. */
function isText(value: unknown): boolean {
  return typeof value === 'string' && !/[\0\p{Cs}]/u.test(value);
}
