import type { WorkflowStatus } from '../../model/status.js';
import type { RunFilter } from '../../storage/filter.js';
import type { RunQuery } from '../../storage/port.js';

/** A query that can still be written to. */
type Narrowing = { -readonly [K in keyof RunQuery]: RunQuery[K] };

/** Adds a filter to a query: what all runs must be goes into conditions that stores have indices for, the rest stays. */
export function narrowed(query: RunQuery, filter: RunFilter): RunQuery {
  const narrowing: Narrowing = { ...query };
  const rest = conjuncts(filter).filter((one) => !take(narrowing, one));
  const [only] = rest;
  if (only) narrowing.where = rest.length === 1 ? only : { kind: 'and', of: rest };
  return narrowing;
}

function conjuncts(filter: RunFilter): readonly RunFilter[] {
  return filter.kind === 'and' ? filter.of.flatMap(conjuncts) : [filter];
}

/** Whether the query says it now. */
function take(query: Narrowing, filter: RunFilter): boolean {
  const statuses = statusesOf(filter);
  if (statuses) {
    query.statuses = query.statuses?.filter((one) => statuses.includes(one)) ?? statuses;
    return true;
  }
  if (filter.kind !== 'compare' || 'attribute' in filter.field) return false;
  const { is, value } = filter;
  const { column } = filter.field;
  switch (column) {
    case 'workflowType':
    case 'workflowId':
    case 'taskQueue': {
      const name =
        is === '=' ? column : is === 'starts' && column === 'workflowId' ? 'workflowIdPrefix' : undefined;
      if (name === undefined || query[name] !== undefined) return false;
      query[name] = value as string;
      return true;
    }
    case 'startedAt':
    case 'closedAt': {
      const side = column === 'startedAt' ? 'started' : 'closed';
      const name =
        is === '>' ? (`${side}After` as const) : is === '<' ? (`${side}Before` as const) : undefined;
      if (name === undefined || query[name] !== undefined) return false;
      query[name] = value as number;
      return true;
    }
    case 'runId':
    case 'status':
    case 'buildId':
      return false;
  }
}

/** The statuses that it allows, where it is about nothing else. */
function statusesOf(filter: RunFilter): readonly WorkflowStatus[] | undefined {
  if (filter.kind === 'or') {
    const each = filter.of.map(statusesOf);
    return each.some((one) => one === undefined) ? undefined : each.flatMap((one) => one ?? []);
  }
  const isStatus = filter.kind === 'compare' && 'column' in filter.field && filter.field.column === 'status';
  return isStatus ? [filter.value as WorkflowStatus] : undefined;
}
