import { makeBundle, type HistoryBundle } from '../../codec/bundle.js';
import { encodeEvent } from '../../codec/events.js';
import { redactedEvent, type Redact } from '../../codec/redact.js';
import type { RunId } from '../../model/ids.js';
import type { Core } from '../core.js';
import { readStored } from '../stored-text.js';
import { eventsOf } from '../worker/sealing.js';
import { readRun } from './read-run.js';

/** Every event of a run, as it was when this was called or later, in a file that is safe to keep. Payloads are opened: the bundle needs no codecs. */
export async function exportRun(core: Core, runId: RunId, redact?: Redact): Promise<HistoryBundle> {
  const { workflowId, workflowType, seq } = await readRun(core, runId);
  const bodies: string[] = [];
  while (bodies.length < seq) {
    const page = await core.storage.readEvents(runId, {
      from: bodies.length + 1,
      limit: Math.min(1_000, seq - bodies.length),
    });
    if (page.length === 0) break;
    bodies.push(...(core.sealer.active || redact ? await rewritten(core, page, redact) : page));
  }
  const workflow = { workflowId, runId, workflowType, ...(redact && { redacted: true as const }) };
  return readStored(`The history of run ${runId}`, () => makeBundle(workflow, bodies));
}

async function rewritten(
  core: Core,
  bodies: readonly string[],
  redact: Redact | undefined,
): Promise<readonly string[]> {
  const events = await eventsOf(core, bodies);
  return events.map((event) => encodeEvent(redact ? redactedEvent(event, redact) : event));
}
