import type { Client, WorkflowStatus } from '@perdure/core';
import { cleanLine } from '../clean.js';
import type { Definitions } from '../modules.js';
import { fine, problem, warning, type Finding } from './finding.js';

const statuses = [
  'pending',
  'running',
  'waiting',
  'blocked',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'timed_out',
] as const satisfies readonly WorkflowStatus[];

/** Blocked runs that are named one by one. */
const mostBlocked = 20;

/** How many runs there are by status, and which of them need somebody. */
export async function* runs(
  client: Client,
  definitions: Definitions | undefined,
): AsyncGenerator<Finding, void, undefined> {
  const counts: string[] = [];
  for (const status of statuses) {
    const count = await client.count({ status });
    if (count > 0) counts.push(`${count} ${status}`);
  }
  yield fine('runs', counts.length === 0 ? 'none' : counts.join(', '));
  const blocked = await client.list({ status: 'blocked', pageSize: mostBlocked });
  for (const { workflowId, blocked: why } of blocked.items)
    yield problem('blocked', cleanLine(`${workflowId}: ${why?.code ?? 'unknown'}: ${why?.message ?? ''}`));
  if (definitions) yield await unregistered(client, definitions);
}

async function unregistered(client: Client, { workflows }: Definitions): Promise<Finding> {
  const known = new Set(workflows.map(({ name }) => name));
  const missing = new Map<string, number>();
  for await (const { workflowType } of client.iterate({ statusBucket: 'running', pageSize: 1_000 }))
    if (!known.has(workflowType)) missing.set(workflowType, (missing.get(workflowType) ?? 0) + 1);
  if (missing.size === 0)
    return fine('workflows', `every open run has its code: ${[...known].sort().join(', ')}`);
  const named = [...missing].map(([name, count]) => `${name} (${count})`).join(', ');
  return warning('workflows', `open runs without code in the modules named: ${named}`);
}
