import { isMoment, readAttributes, type AttributeValue } from './attributes.js';
import type { RunRecord } from './records.js';

/** What a filter may look at besides attributes. */
export type RunColumn =
  'workflowType' | 'workflowId' | 'runId' | 'status' | 'taskQueue' | 'buildId' | 'startedAt' | 'closedAt';
export type RunField = { readonly column: RunColumn } | { readonly attribute: string };

/**
 * A condition on a run, as data: small, closed, and nobody's SQL. True, false, or unknown where it compares something
 * that is not set or is of another type; what is unknown stays so under `not`, as in SQL, and does not match.
 */
export type RunFilter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly RunFilter[] }
  | { readonly kind: 'not'; readonly of: RunFilter }
  /** The field has a value. Never unknown. */
  | { readonly kind: 'set'; readonly field: RunField }
  /**
   * Strings by code unit; false before true. A list of strings equals, or begins with, whatever one of its items does,
   * and has no order. `at`: the moment that a string stands for, compared with attributes that are moments.
   */
  | {
      readonly kind: 'compare';
      readonly field: RunField;
      readonly is: '=' | '<' | '<=' | '>' | '>=' | 'starts';
      readonly value: string | number | boolean;
      readonly at?: number;
    };

export type FilteredRun = Pick<RunRecord, RunColumn | 'attributes'>;

/** For adapters: whether a run matches. What filters mean is this. Throws `SyntaxError` for attributes that are none. */
export function matchesFilter(run: FilteredRun, filter: RunFilter): boolean {
  let attributes: ReadonlyMap<string, AttributeValue> | undefined;
  const valueOf = (field: RunField): AttributeValue | null | undefined =>
    'column' in field
      ? run[field.column]
      : (attributes ??= readAttributes(run.attributes)).get(field.attribute);
  return truth(filter, valueOf) === true;
}

type Compared = Extract<RunFilter, { readonly kind: 'compare' }>;
type ValueOf = (field: RunField) => AttributeValue | null | undefined;

function truth(filter: RunFilter, valueOf: ValueOf): boolean | undefined {
  switch (filter.kind) {
    case 'set':
      return (valueOf(filter.field) ?? null) !== null;
    case 'compare':
      return compare(valueOf(filter.field), filter);
    case 'not': {
      const inner = truth(filter.of, valueOf);
      return inner === undefined ? undefined : !inner;
    }
    case 'and':
    case 'or': {
      const decides = filter.kind === 'or';
      let result: boolean | undefined = !decides;
      for (const one of filter.of) {
        const value = truth(one, valueOf);
        if (value === decides) return decides;
        if (value === undefined) result = undefined;
      }
      return result;
    }
  }
}

function compare(found: AttributeValue | null | undefined, filter: Compared): boolean | undefined {
  const { is } = filter;
  if (found === null || found === undefined) return undefined;
  if (typeof found === 'object') {
    if (isMoment(found)) return filter.at === undefined ? undefined : ordered(found.at, filter.at, is);
    const ofText = typeof filter.value === 'string' && (is === '=' || is === 'starts');
    return ofText ? found.some((item) => ordered(item, filter.value, is) === true) : undefined;
  }
  return typeof found === typeof filter.value ? ordered(found, filter.value, is) : undefined;
}

function ordered<T extends string | number | boolean>(
  found: T,
  value: string | number | boolean,
  is: Compared['is'],
): boolean | undefined {
  switch (is) {
    case '=':
      return found === value;
    case '<':
      return found < value;
    case '<=':
      return found <= value;
    case '>':
      return found > value;
    case '>=':
      return found >= value;
    case 'starts':
      return typeof found === 'string' ? found.startsWith(value as string) : undefined;
  }
}
