import { isCommandEvent, type RunEvent } from '../model/events.js';
import { divergenceMessage, divergenceReport, type DivergenceReport } from './divergence.js';
import { DryRun } from './dry-run.js';
import type { WorkflowCode } from './instance.js';
import type { InstanceHost } from './instance-host.js';
import type { Blockage } from './recorder.js';

/**
 * What is known of a divergence once code has been tried beyond it: whether the recorded call is still made, and where;
 * whether the produced one was recorded elsewhere. Any other blockage stays as it is.
 *
 * History keeps no call sites: they would be new bytes in every commit, and stale with the next deploy. So the call site
 * of what was expected is that of today's code, found by a dry run.
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
  const dry = new DryRun(code, events, host);
  await drain(() => dry.step());
  const commands = events.filter(isCommandEvent);
  const before = commands.filter(({ seq }) => seq < report.seq);
  const [here, ...rest] = dry.produced.slice(before.length);
  // Code that comes out elsewhere the second time depends on something that is not recorded: what it did says nothing.
  if (report.produced && report.produced.type !== here?.command.type) return blockage;
  const details = divergenceReport({
    seq: report.seq,
    expected: report.expected ? commands[before.length] : undefined,
    produced: report.produced ? here?.command : undefined,
    following: commands.slice(before.length + (report.expected ? 1 : 0)),
    matched: before,
    calledAt: report.callSites.produced,
    afterwards: report.produced || !here ? rest : [here, ...rest],
  });
  return { ...blockage, message: divergenceMessage(code.name, details), details };
}
