import { ArgumentCheck } from '../model/argument-check.js';
import { dispatchIssues } from '../model/dispatch.js';
import { InvalidArgumentError, type ArgumentIssue } from '../model/errors.js';
import {
  isCloseEvent,
  type ChildRef,
  type ParentClosePolicy,
  type ParentRef,
  type RunEvent,
  type RunOrigin,
  type WorkflowStarted,
} from '../model/events.js';
import { isValidId } from '../model/ids.js';
import { asText, type Payload } from '../model/payload.js';
import { isValidName, nameMessage } from '../model/names.js';
import { freezeRetryPolicy } from '../model/retry.js';
import { searchAttributeIssues } from '../model/search-attributes.js';
import { eventFields } from './event-fields.js';
import { readLimits } from './limits.js';
import { decodeValue } from './values.js';

/**
 * What is wrong with events that come from outside: ids, moments and an order that no engine has written, which stores and
 * other runs would be at the mercy of. What the code of the run made of them is for a replay to say.
 */
export function eventIssues(events: readonly RunEvent[]): ArgumentIssue[] {
  const check = new ArgumentCheck();
  events.forEach((event, i) => {
    const path = `events[${i}]`;
    check.require(isMoment(event.at), `${path}.at`, 'must be a moment in whole milliseconds');
    for (const { name } of eventFields[event.type].filter(({ kind }) => kind.startsWith('number'))) {
      const value = (event as unknown as Readonly<Record<string, number | undefined>>)[name];
      const least = event.type === 'VersionMarkerRecorded' ? -1 : 0;
      check.require(
        value === undefined || (Number.isInteger(value) && value >= least),
        `${path}.${name}`,
        `must be a whole number, ${least} or more`,
      );
    }
    for (const { path: at, message } of shownIssues(event)) check.require(false, `${path}.${at}`, message);
    check.require(
      (event.type === 'WorkflowStarted') === (i === 0),
      path,
      i === 0 ? 'must be WorkflowStarted' : 'starts a run that has started',
    );
    check.require(
      !isCloseEvent(event) || i === events.length - 1,
      path,
      'ends the run, and more events follow',
    );
  });
  const [first] = events;
  if (first?.type === 'WorkflowStarted')
    for (const { path, message } of startIssues(first)) check.require(false, `events[0].${path}`, message);
  return check.issues;
}

/** What a run shows of itself is merged by name, and is told to stores. What cannot be read at all is said when it is read. */
function shownIssues(event: RunEvent): readonly ArgumentIssue[] {
  const attributes = event.type === 'SearchAttributesUpserted' ? 'values' : 'searchAttributes';
  const fields = event as unknown as Readonly<Record<string, Payload | undefined>>;
  return ['memo', 'searchAttributes', 'values'].flatMap((name) => {
    const payload = fields[name];
    const values = payload && readable(payload);
    if (!values) return [];
    if (!isObject(values.value)) return [{ path: name, message: 'must hold an object' }];
    if (name !== attributes) return [];
    return searchAttributeIssues(values.value, undefined).map(({ message }) => ({ path: name, message }));
  });
}

function readable(payload: Payload): { readonly value: unknown } | undefined {
  try {
    return { value: decodeValue(asText(payload), readLimits) };
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function startIssues(started: WorkflowStarted): ArgumentIssue[] {
  const { workflowType, workflowId, runId, runNumber, attempt, continuedFrom, firstRunId } = started;
  const { retry, parent, origin, children = [], headers = {} } = started;
  const check = new ArgumentCheck();
  check.issues.push(...dispatchIssues(started));
  check.require(isValidName(workflowType), 'workflowType', nameMessage);
  for (const [path, id] of Object.entries({ workflowId, runId, continuedFrom, firstRunId }))
    check.require(
      id === undefined || isValidId(id),
      path,
      "must be 1 to 191 letters, digits, '.', '_', '-', ':'",
    );
  check.require(runNumber >= 1, 'runNumber', 'must be at least 1');
  check.require(attempt >= 1, 'attempt', 'must be at least 1');
  check.require(parent === undefined || isParent(parent), 'parent', 'must name a run and its child');
  check.require(origin === undefined || isOrigin(origin), 'origin', 'must name a run and an event');
  check.require(
    Array.isArray(children) && children.every((child: unknown) => isChild(child)),
    'children',
    'must be a list of workflow ids with their policies',
  );
  check.require(
    Object.values(headers).every((header) => typeof header === 'string'),
    'headers',
    'must be strings',
  );
  try {
    freezeRetryPolicy(retry);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    check.issues.push(...error.issues);
  }
  return check.issues;
}

function isMoment(at: number): boolean {
  return Number.isSafeInteger(at) && at >= 0;
}

type Loose<T> = { readonly [K in keyof T]?: unknown };

function isParent(given: unknown): boolean {
  const { workflowId, runId, childId, depth } = (given ?? {}) as Loose<ParentRef>;
  const isDepth = depth === undefined || (Number.isSafeInteger(depth) && (depth as number) > 0);
  return isValidId(workflowId) && isValidId(runId) && isValidId(childId) && isDepth;
}

/** Copies of copies: as many as anybody makes, and fewer than overflow the stack. */
const mostOrigins = 1_000;

function isOrigin(given: unknown): boolean {
  let left = mostOrigins;
  for (let at = given; at !== undefined; left--) {
    const { workflowId, runId, seq, parent, origin, at: copiedAt } = (at ?? {}) as Loose<RunOrigin>;
    const isOne = isValidId(workflowId) && isValidId(runId) && Number.isSafeInteger(seq) && left > 0;
    const isMade = copiedAt === undefined || isMoment(copiedAt as number);
    if (!isOne || !isMade || !(parent === undefined || isParent(parent))) return false;
    at = origin;
  }
  return true;
}

function isChild(given: unknown): boolean {
  const { workflowId, policy } = (given ?? {}) as Loose<ChildRef>;
  return isValidId(workflowId) && typeof policy === 'string' && policies.includes(policy);
}

const policies: readonly string[] = ['abandon', 'request_cancel', 'terminate'] satisfies ParentClosePolicy[];
