import { bind, type ConformanceCase, type Draft, type Group } from './case.js';
import { activityCases } from './cases/activities.js';
import { claimOrderCases } from './cases/claim-order.js';
import { claimCases } from './cases/claim.js';
import { closeCases } from './cases/close.js';
import { batchOrderCases } from './cases/batch-order.js';
import { commitCases } from './cases/commit.js';
import { concurrencyCases } from './cases/concurrency.js';
import { expectCases } from './cases/expect.js';
import { faultCases } from './cases/faults.js';
import { historyCases } from './cases/history.js';
import { inboxCases } from './cases/inbox.js';
import { leaseCases } from './cases/lease.js';
import { listenerCases } from './cases/listeners.js';
import { listCases } from './cases/list.js';
import { modelCases } from './cases/model.js';
import { openCases, upgradeCases } from './cases/open.js';
import { positionCases } from './cases/positions.js';
import { payloadCases } from './cases/payload.js';
import { readCases } from './cases/read.js';
import { retentionCases } from './cases/retention.js';
import { filterCases } from './cases/filters.js';
import { searchCases } from './cases/search.js';
import { startCases } from './cases/start.js';
import { timerCases } from './cases/timers.js';
import { watchCases } from './cases/watch.js';
import type { StorageFixture } from './fixture.js';

export interface ConformanceOptions {
  /** A case that has not ended by then fails. Milliseconds; default 30,000. */
  readonly limitMs?: number;
  /** Where the random scripts of the model group begin; default 1,000. Other seeds, other scripts. */
  readonly seed?: number;
}

/**
 * The cases that prove a storage adapter: one or more for every law of the port, each on a store of its own. They know
 * no test runner; give each one's `name` and `run` to yours, or call `runConformance`.
 *
 * @example
 * ```ts
 * import { memory } from '@perdure/memory';
 * import { storageConformance } from '@perdure/testing';
 * import { describe, test } from 'vitest';
 *
 * describe.each([{ name: 'memory', create: () => memory() }])('$name', (fixture) => {
 *   for (const { name, skip, run } of storageConformance(fixture)) test.skipIf(skip !== undefined)(name, run);
 * });
 * ```
 */
export function storageConformance(
  fixture: StorageFixture,
  { limitMs = 30_000, seed = 1_000 }: ConformanceOptions = {},
): readonly ConformanceCase[] {
  return Object.entries(draftsFor(fixture, seed)).flatMap(([group, drafts]) =>
    drafts.map((draft) => bind(group as Group, draft, fixture, limitMs)),
  );
}

function draftsFor(fixture: StorageFixture, seed: number): Readonly<Record<Group, readonly Draft[]>> {
  return {
    open: [...openCases, ...upgradeCases(fixture), ...closeCases],
    start: startCases,
    claim: [...claimCases, ...claimOrderCases, ...leaseCases],
    commit: [...commitCases, ...batchOrderCases, ...expectCases, ...historyCases, ...concurrencyCases],
    inbox: [...inboxCases, ...positionCases],
    activities: activityCases,
    timers: timerCases,
    read: readCases,
    list: [...listCases, ...searchCases, ...filterCases],
    retention: retentionCases,
    watch: [...watchCases, ...listenerCases],
    payload: payloadCases,
    model: modelCases(seed),
    faults: faultCases,
  };
}
