import type { ArgumentIssue } from './errors.js';

/** The types that a search attribute may have, and the values that they take. */
export interface SearchAttributeType {
  /** At most 255 characters. */
  keyword: string;
  /** At most 2,048 characters. */
  text: string;
  int: number;
  double: number;
  bool: boolean;
  datetime: Date;
  /** Each at most 255 characters. */
  keyword_list: readonly string[];
}
export type SearchAttributeTypeName = keyof SearchAttributeType;
/** Attributes by name, with their types: what a definition declares. */
export type SearchAttributeSchema = Record<string, SearchAttributeTypeName>;
/** Values for declared attributes; null leaves one out. */
export type SearchAttributes<S extends SearchAttributeSchema = SearchAttributeSchema> = {
  [K in keyof S]?: SearchAttributeType[S[K]] | null;
};

/** What every run has, by the name that queries use. */
export const systemAttributes = {
  WorkflowType: { type: 'keyword', column: 'workflowType' },
  WorkflowId: { type: 'keyword', column: 'workflowId' },
  RunId: { type: 'keyword', column: 'runId' },
  Status: { type: 'keyword', column: 'status' },
  StartTime: { type: 'datetime', column: 'startedAt' },
  CloseTime: { type: 'datetime', column: 'closedAt' },
  TaskQueue: { type: 'keyword', column: 'taskQueue' },
  BuildId: { type: 'keyword', column: 'buildId' },
  /** Names of what it failed with, and of the causes. */
  FailureType: { type: 'keyword_list', attribute: 'FailureType' },
} as const satisfies Record<string, { type: SearchAttributeTypeName; column?: string; attribute?: string }>;

/** The name of the system attribute that is meant, in whatever capitals. */
export function systemAttribute(name: string): keyof typeof systemAttributes | undefined {
  const lower = name.toLowerCase();
  return (Object.keys(systemAttributes) as (keyof typeof systemAttributes)[]).find(
    (one) => one.toLowerCase() === lower,
  );
}

const isKeyword = (value: unknown): boolean => typeof value === 'string' && value.length <= 255;
const checks: Readonly<Record<SearchAttributeTypeName, (value: unknown) => boolean>> = {
  keyword: isKeyword,
  text: (value) => typeof value === 'string' && value.length <= 2048,
  int: Number.isSafeInteger,
  double: Number.isFinite,
  bool: (value) => typeof value === 'boolean',
  datetime: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  keyword_list: (value) => Array.isArray(value) && value.every(isKeyword),
};
export const searchAttributeTypes = Object.keys(checks) as readonly SearchAttributeTypeName[];

export function isSearchAttributeType(type: unknown): type is SearchAttributeTypeName {
  return typeof type === 'string' && Object.hasOwn(checks, type);
}

/** What is wrong with a name: undefined where nothing is. */
export function attributeNameIssue(name: string): string | undefined {
  if (name.length < 1 || name.length > 128) return 'its name must be 1 to 128 characters long';
  const system = systemAttribute(name);
  return system && `every run has ${system} already; use another name`;
}

/** What is wrong with the values, by path. Without a declaration any name may be used, with a value of any of the types. */
export function searchAttributeIssues(
  values: Readonly<Record<string, unknown>>,
  declared: SearchAttributeSchema | undefined,
): ArgumentIssue[] {
  const issues: ArgumentIssue[] = [];
  const names = Object.keys(values);
  if (names.length > 100) issues.push({ path: 'searchAttributes', message: 'must not be more than 100' });
  for (const name of names) {
    const value = values[name];
    if (value === null || value === undefined) continue;
    const message = attributeNameIssue(name) ?? valueIssue(value, name, declared);
    if (message !== undefined) issues.push({ path: `searchAttributes.${name}`, message });
  }
  return issues;
}

function valueIssue(
  value: unknown,
  name: string,
  declared: SearchAttributeSchema | undefined,
): string | undefined {
  const names = Object.keys(declared ?? {});
  const type = declared && Object.hasOwn(declared, name) ? declared[name] : undefined;
  if (type !== undefined) return checks[type](value) ? undefined : `must be of type ${type}`;
  if (names.length > 0) return `is not declared; declared are ${names.join(', ')}`;
  return Object.values(checks).some((fits) => fits(value))
    ? undefined
    : 'must be a string, number, boolean, Date or list of strings, of bounded length';
}

/** The attributes that are registered in a namespace, by name. */
export type RegisteredAttributes = ReadonlyMap<string, SearchAttributeTypeName>;

/** A value is not of the type that the namespace has registered for its name. */
export interface AttributeMisfit {
  readonly attribute: string;
  readonly registered: SearchAttributeTypeName;
}

/** The first value that is not of the type that the namespace has registered for its name. */
export function misfit(
  values: Readonly<Record<string, unknown>>,
  registeredTypes: RegisteredAttributes,
): AttributeMisfit | undefined {
  for (const [attribute, value] of Object.entries(values)) {
    const registered = registeredTypes.get(attribute);
    if (registered === undefined || value === null || value === undefined) continue;
    if (!checks[registered](value)) return { attribute, registered };
  }
  return undefined;
}

export function misfitIssue({ attribute, registered }: AttributeMisfit): ArgumentIssue {
  return {
    path: `searchAttributes.${attribute}`,
    message: `must be of type ${registered}, as it is registered in this namespace`,
  };
}

/** A name that has a value keeps to its kind: text, number, boolean, moment or list. */
export function attributeConflicts(
  before: Readonly<Record<string, unknown>>,
  values: Readonly<Record<string, unknown>>,
): ArgumentIssue[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const [was, is] = [kindOf(Object.hasOwn(before, name) ? before[name] : undefined), kindOf(value)];
    if (was === undefined || is === undefined || was === is) return [];
    return [
      { path: `searchAttributes.${name}`, message: `is a ${was} and cannot become a ${is}; remove it first` },
    ];
  });
}

function kindOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return 'list';
  return value instanceof Date ? 'datetime' : typeof value;
}
