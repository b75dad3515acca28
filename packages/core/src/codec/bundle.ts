import { InvalidArgumentError, isPerdureError } from '../model/errors.js';
import type { RunEvent, WorkflowStarted } from '../model/events.js';
import { eventIssues } from './bundled-events.js';
import { decodeEvent } from './events.js';
import { quoted } from './json-text.js';
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
  /** Values were replaced when it was made: a replay compares what was asked for, not with which values. */
  readonly redacted?: true;
}

const format = 'perdure.history';
const version = 1;
/** As many events as a run may ever have; and more text and levels than they can take. */
const mostEvents = 50_000;
const mostText = 256 * 1024 * 1024;
const mostLevels = 1_000;
/** What is told of a bundle that is wrong everywhere. */
const mostIssues = 20;

/** `bodies` are those of all events of the run, in order. */
export function makeBundle(
  { workflowId, runId, workflowType, redacted }: BundledWorkflow,
  bodies: readonly string[],
): HistoryBundle {
  const events = bodies.map((body) => JSON.parse(body) as unknown);
  const workflow = { workflowId, runId, workflowType, ...(redacted && { redacted }) };
  return { format, version, workflow, events, digest: digestOf(workflow, events) };
}

/** Reads what `makeBundle` made, also after it went through JSON. Throws `InvalidArgumentError` with a path for what is not right with it. */
export function readBundle(bundle: unknown): {
  readonly workflow: BundledWorkflow;
  readonly events: readonly RunEvent[];
  /** Of each event. */
  readonly bodies: readonly string[];
} {
  try {
    return read(bundle);
  } catch (error) {
    if (isPerdureError(error) && error.code === 'invalid_argument') throw error;
    throw refused('', 'it is no plain JSON', error);
  }
}

function read(bundle: unknown): ReturnType<typeof readBundle> {
  if (!isRecord(bundle) || bundle['format'] !== format)
    throw refused('format', `must be '${format}': this is not an exported history`);
  checkVersion(bundle['version']);
  const { workflow, events, digest } = bundle;
  if (!isWorkflow(workflow)) throw refused('workflow', 'must name workflowId, runId and workflowType');
  if (!Array.isArray(events) || events.length === 0) throw refused('events', 'must be a list of events');
  if (events.length > mostEvents)
    throw refused('events', `are ${events.length} where ${mostEvents} are allowed`);
  if (digest !== digestOf(workflow, events))
    throw refused('digest', 'does not fit: the bundle was edited or damaged');
  const bodies = events.map((event) => JSON.stringify(event));
  const decoded = bodies.map(readEvent);
  const issues = eventIssues(decoded);
  if (issues.length > 0)
    throw new InvalidArgumentError('The history bundle is refused', issues.slice(0, mostIssues));
  const [first] = decoded as [WorkflowStarted];
  if (
    first.runId !== workflow.runId ||
    first.workflowId !== workflow.workflowId ||
    first.workflowType !== workflow.workflowType
  ) {
    throw refused('workflow', 'is not the one of the events');
  }
  return { workflow, events: decoded, bodies };
}

function checkVersion(found: unknown): void {
  if (found === version) return;
  const isNewer = typeof found === 'number' && found > version;
  throw refused(
    'version',
    isNewer
      ? `is ${found}, where this release reads ${version}: a newer one wrote it, upgrade`
      : `must be ${version}`,
  );
}

function readEvent(body: string, index: number): RunEvent {
  let event: RunEvent;
  try {
    event = decodeEvent(body);
  } catch (error) {
    throw refused(`events[${index}]`, error instanceof Error ? error.message : 'cannot be read', error);
  }
  if (event.seq !== index + 1)
    throw refused(`events[${index}].seq`, `is ${event.seq} where ${index + 1} comes next`);
  return event;
}

/** Over the canonical JSON of the bundle without its digest. */
function digestOf(workflow: BundledWorkflow, events: readonly unknown[]): string {
  return `sha256:${sha256(new Canonical().text({ format, version, workflow, events }))}`;
}

/** JSON with sorted names (as RFC 8785 has it), so that a bundle may pass through any JSON tool. */
class Canonical {
  #left = mostText;

  text(value: unknown, levelsLeft = mostLevels): string {
    if (levelsLeft < 0) throw refused('', `has more than ${mostLevels} levels`);
    if (typeof value !== 'object' || value === null) {
      const text = typeof value === 'string' ? quoted(value) : (JSON.stringify(value) as string | undefined);
      if (text === undefined) throw refused('', `holds a ${typeof value}`);
      if ((this.#left -= text.length) < 0) throw refused('', `is larger than ${mostText} characters`);
      return text;
    }
    // Not `map`, which leaves holes out.
    if (Array.isArray(value))
      return `[${Array.from(value, (item: unknown) => this.text(item, levelsLeft - 1)).join(',')}]`;
    const record = value as Readonly<Record<string, unknown>>;
    let fields = '';
    for (const name of Object.keys(record).sort()) {
      const field = record[name];
      if (field === undefined) continue;
      this.#left -= name.length;
      fields += `,${quoted(name)}:${this.text(field, levelsLeft - 1)}`;
    }
    return `{${fields.slice(1)}}`;
  }
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
function refused(path: string, message: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError('The history bundle is refused', [{ path, message }], { cause });
}
