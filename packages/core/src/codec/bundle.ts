import { InvalidArgumentError, isPerdureError } from '../model/errors.js';
import type { RunEvent } from '../model/events.js';
import { decodeEvent } from './events.js';
import { sha256 } from './sha256.js';

/** Versioned, self-contained, safe to keep for ever: what `replay` reads. Plain JSON. */
export interface HistoryBundle {
  readonly format: string;
  readonly version: number;
  readonly workflow: BundledWorkflow;
  readonly events: readonly unknown[];
  /** Over all the rest, so that an edited bundle is noticed. */
  readonly digest: string;
}
export interface BundledWorkflow {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
}

const format = 'perdure.history';
const version = 1;
/** As many events as a run may ever have. */
const mostEvents = 50_000;

export function makeBundle(workflow: BundledWorkflow, bodies: readonly string[]): HistoryBundle {
  const unsigned = { format, version, workflow, events: bodies.map((body) => JSON.parse(body) as unknown) };
  return { ...unsigned, digest: digestOf(unsigned) };
}

/** Throws `InvalidArgumentError` with a path for what is not right with a bundle. */
export function readBundle(bundle: unknown): {
  readonly workflow: BundledWorkflow;
  readonly events: readonly RunEvent[];
} {
  if (!isRecord(bundle) || bundle['format'] !== format)
    throw refused('format', `must be '${format}': this is not an exported history`);
  if (bundle['version'] !== version)
    throw refused('version', `is ${String(bundle['version'])} where this release reads ${version}: upgrade`);
  const { workflow, events, digest } = bundle;
  if (!isWorkflow(workflow)) throw refused('workflow', 'must name workflowId, runId and workflowType');
  if (!Array.isArray(events) || events.length === 0) throw refused('events', 'must be a list of events');
  if (events.length > mostEvents)
    throw refused('events', `are ${events.length} where ${mostEvents} are allowed`);
  if (digest !== digestOf({ format, version, workflow, events }))
    throw refused('digest', 'does not fit: the bundle was edited or damaged');
  const read = events.map((event, i) => readEvent(event, i));
  const [first] = read;
  if (first?.type !== 'WorkflowStarted') throw refused('events[0]', 'must be WorkflowStarted');
  if (
    first.runId !== workflow.runId ||
    first.workflowId !== workflow.workflowId ||
    first.workflowType !== workflow.workflowType
  ) {
    throw refused('workflow', 'is not the one of the events');
  }
  return { workflow, events: read };
}

function readEvent(record: unknown, index: number): RunEvent {
  try {
    const event = decodeEvent(JSON.stringify(record));
    if (event.seq !== index + 1)
      throw refused(`events[${index}].seq`, `is ${event.seq} where ${index + 1} comes next`);
    return event;
  } catch (error) {
    if (isPerdureError(error) && error.code === 'invalid_argument') throw error;
    throw refused(`events[${index}]`, error instanceof Error ? error.message : 'cannot be read');
  }
}

function digestOf(unsigned: Omit<HistoryBundle, 'digest'>): string {
  return `sha256:${sha256(canonical(unsigned))}`;
}

/** JSON with sorted names, so that a bundle may pass through any JSON tool. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(',')}}`;
}

function isWorkflow(value: unknown): value is BundledWorkflow {
  return (
    isRecord(value) &&
    ['workflowId', 'runId', 'workflowType'].every((name) => typeof value[name] === 'string')
  );
}
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function refused(path: string, message: string): InvalidArgumentError {
  return new InvalidArgumentError('The history bundle is refused', [{ path, message }]);
}
