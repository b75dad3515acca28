import type { RunEvent } from '../model/events.js';
import { decodeEvent } from './events.js';
export interface HistoryBundle { readonly format: string; readonly version: number; readonly workflow: { readonly workflowId: string; readonly runId: string; readonly workflowType: string }; readonly events: readonly unknown[]; readonly digest: string }
export function makeBundle(workflow: HistoryBundle['workflow'], bodies: readonly string[]): HistoryBundle {
  return { format: 'perdure-history', version: 1, workflow, events: bodies.map((b) => JSON.parse(b) as unknown), digest: '' };
}
export function readBundle(bundle: HistoryBundle): { workflow: HistoryBundle['workflow']; events: readonly RunEvent[] } {
  return { workflow: bundle.workflow, events: bundle.events.map((e) => decodeEvent(JSON.stringify(e))) };
}
