import { memory } from '@perdure/memory';
import { createSealer } from '../../codec/byte-codecs.js';
import { encodeBody, encodeStart } from '../run-projection.js';
import { defaultPayloadLimits } from '../../codec/limits.js';
import { encodeValue } from '../../codec/values.js';
import type { WorkflowStarted } from '../../model/events.js';
import { NEVER } from '../../model/time.js';
import { MonotonicUuid7 } from '../../model/uuid.js';
import type { Storage } from '../../storage/port.js';
import { Busy } from '../busy.js';
import { ChangeFeed } from '../change-feed.js';
import { hostClock } from '../clock.js';
import { Committer } from '../committer.js';
import type { Core, RunBirth } from '../core.js';
import { Registry, type ActivityRecord, type WorkflowRecord } from '../definitions.js';
import { Interceptors } from '../interceptors.js';
import { hostPlatform } from '../platform.js';
import { KnownAttributes } from '../search/known-attributes.js';
import { silent } from '../silent-log.js';
import { startWorker, type Worker } from './worker.js';

/** A worker on a store, without the client on top: what tests of the runtime start from. */
export async function openWorker(options: {
  readonly storage?: Storage;
  readonly workflows: Readonly<Record<string, (ctx: any, input: any) => Promise<unknown>>>;
  readonly activities?: Readonly<Record<string, (input: any, activity: any) => unknown>>;
  readonly checks?: Partial<Core['checks']>;
  readonly maxConcurrentActivities?: number;
}): Promise<{
  core: Core;
  worker: Worker;
  start: (type: string, id: string, input?: unknown) => Promise<RunBirth['run']>;
}> {
  const storage = await (options.storage ?? memory()).open();
  const busy = new Busy(hostPlatform);
  const workflows = Object.entries(options.workflows).map(([name, fn]): WorkflowRecord => ({
    name,
    fn,
    messages: {},
  }));
  const activities = Object.entries(options.activities ?? {}).map(([name, fn]): ActivityRecord => ({
    name,
    fn,
    options: {},
  }));
  const core: Core = {
    namespace: 'default',
    storage,
    platform: hostPlatform,
    clock: hostClock,
    busy,
    committer: new Committer(storage, hostPlatform, busy),
    feed: new ChangeFeed(storage),
    registry: new Registry(workflows, activities),
    sealer: createSealer([]),
    limits: defaultPayloadLimits,
    log: silent,
    ids: new MonotonicUuid7(hostPlatform.randomUint32),
    interceptors: new Interceptors([], silent),
    attributes: new KnownAttributes({ storage, namespace: 'default' }),
    checks: { shadowReplay: false, alwaysEvict: false, ...options.checks },
    worker: undefined,
    assertOpen: () => undefined,
  };
  const worker = await startWorker(core, {
    id: core.ids.next(hostClock.now()),
    taskQueues: ['default'],
    buildId: null,
    maxConcurrentActivities: options.maxConcurrentActivities ?? 100,
    maxCachedWorkflows: 1_000,
    limits: {},
  });
  await worker.begin();
  return {
    core,
    worker,
    start: async (type, workflowId, input) => {
      const birth = newBirth(core, type, workflowId, input);
      const result = await worker.start(birth);
      if (!result.ok) throw new Error(`Refused: ${JSON.stringify(result.refusal)}`);
      return birth.run;
    },
  };
}

function newBirth(core: Core, workflowType: string, workflowId: string, input: unknown): RunBirth {
  const now = core.clock.now();
  const runId = core.ids.next(now);
  const payload = encodeValue(input);
  const started: WorkflowStarted = {
    seq: 1,
    type: 'WorkflowStarted',
    at: now,
    workflowType,
    workflowId,
    runId,
    taskQueue: 'default',
    input: payload,
    runNumber: 1,
    attempt: 1,
  };
  const empty = encodeValue({});
  return {
    started,
    run: {
      namespace: core.namespace,
      runId,
      workflowId,
      runNumber: 1,
      workflowType,
      taskQueue: 'default',
      startedAt: now,
      start: encodeStart({ input: payload, memo: empty }),
      attributes: '{}',
      archivedAt: null,
      status: 'pending',
      isCurrent: true,
      buildId: null,
      closedAt: null,
      progressAt: now,
      body: encodeBody({}),
    },
    expect: [],
    writes: [],
    visibleAt: NEVER,
  };
}

export async function untilClosed(core: Core, runId: string): Promise<Record<string, unknown>> {
  for (;;) {
    const run = await core.storage.readRun(runId);
    if (run && run.closedAt !== null) return { status: run.status, ...(JSON.parse(run.body) as object) };
    if (run?.status === 'blocked') return { status: run.status, ...(JSON.parse(run.body) as object) };
    await new Promise<void>((resolve) => {
      hostPlatform.setTimer(resolve, 1, false);
    });
  }
}
