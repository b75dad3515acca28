import { decodeEvent, encodeEvent } from '../codec/events.js';
import { isCommandEvent, type RunEvent } from '../model/events.js';
import { divergenceMessage, divergenceReport, type DivergenceReport } from './divergence.js';
import { DryRun } from './dry-run.js';
import type { WorkflowCode } from './instance.js';
import type { InstanceHost } from './instance-host.js';
import type { Blockage } from './recorder.js';
import { Supposed } from './supposed.js';

/**
 * What is known of a divergence once code has been tried beyond it: whether the recorded call is still made, and where;
 * whether the produced one was recorded elsewhere. Any other blockage stays as it is.
 *
 * History keeps no call sites: they would be new bytes in every commit, and stale with the next deploy. So the call site
 * of what was expected is that of today's code, found by a dry run; and where it is not found by a second one, which
 * supposes that the produced call was added.
 */
export async function explained(
  blockage: Blockage,
  code: WorkflowCode,
  /** Read anew, since a replay has consumed the payloads of those that it was fed. */
  events: readonly RunEvent[],
  host: InstanceHost,
  drain: (step: () => boolean) => Promise<void>,
): Promise<Blockage> {
  const report = blockage.details as DivergenceReport | undefined;
  if (blockage.code !== 'nondeterminism' || !report || report.cause === 'different_end') return blockage;
  const commands = events.filter(isCommandEvent);
  const before = commands.filter(({ seq }) => seq < report.seq);
  const recorded = commands.slice(before.length);
  const copies = events.map((event) => decodeEvent(encodeEvent(event)));
  const tried = async (supposed?: Supposed): Promise<DivergenceReport | undefined> => {
    const dry = new DryRun(code, supposed ? copies : events, host, supposed);
    await drain(() => dry.step());
    const [here, ...rest] = dry.produced.slice(before.length);
    // Code that comes out elsewhere the second time depends on something that is not recorded: what it did says nothing.
    if (report.produced && report.produced.type !== here?.command.type) return undefined;
    return divergenceReport({
      seq: report.seq,
      expected: report.expected ? recorded[0] : undefined,
      produced: report.produced ? here?.command : undefined,
      following: report.expected ? recorded.slice(1) : recorded,
      matched: before,
      calledAt: report.callSites.produced,
      ended: report.ended,
      afterwards: report.produced || !here ? rest : [here, ...rest],
    });
  };
  let details = await tried();
  if (details?.expected && details.produced && !tellsOrder(details)) {
    const added = await tried(new Supposed(before.length + 1, recorded));
    if (added && tellsOrder(added)) details = added;
  }
  return details ? { ...blockage, message: divergenceMessage(code.name, details), details } : blockage;
}

/** The recorded call was seen again behind the produced one. It may not be seen where that one is waited for first. */
function tellsOrder({ cause }: DivergenceReport): boolean {
  return cause === 'inserted' || cause === 'moved';
}
