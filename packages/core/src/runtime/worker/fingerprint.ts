import type { WorkflowRecord } from '../definitions.js';

/**
 * Names the code of a workflow: another text or another build is other code, worth another try at a blocked run.
 * FNV-1a, 32 bits, twice with different offsets.
 */
export function fingerprint(workflow: WorkflowRecord, buildId: string | null): string {
  const text = `${buildId ?? ''}\n${String(workflow.fn)}`;
  return `${hash(text, 0x811c9dc5)}${hash(text, 0x01234567)}`;
}

function hash(text: string, offset: number): string {
  let h = offset;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h >>> 0).toString(16).padStart(8, '0');
}
