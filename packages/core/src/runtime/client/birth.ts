import { encodeEvent } from '../../codec/events.js';
import { encodeValue } from '../../codec/values.js';
import type { WorkflowStarted } from '../../model/events.js';
import { runTaskId, type RunId, type WorkflowId } from '../../model/ids.js';
import { payloadText, type Payload } from '../../model/payload.js';
import type { EpochMs } from '../../model/time.js';
import type { Batch, Expectation, Write } from '../../storage/port.js';
import type { RunRecord, TaskRecord } from '../../storage/records.js';
import type { Core, RunBirth } from '../core.js';
import type { RunHeaders } from '../interceptor.js';
import { encodeStart } from '../run-projection.js';
import { homeOf } from '../standalone.js';
import { sealedBodies, sealPayload } from '../worker/sealing.js';
import { atOnce } from './at-once.js';
import { requestKey, workflowKey } from './keys.js';
import type { RunTerms } from './start-options.js';
import { attributeValues } from './search-attributes.js';

/** What a run is started with, encoded and not yet sealed. */
export interface Beginning {
  readonly workflowType: string;
  readonly plan: RunTerms;
  readonly input: Payload;
  readonly memo: Payload;
  /** As `writeAttributes` gives them. */
  readonly attributes: string;
  /** What interceptors send along. */
  readonly headers?: RunHeaders | undefined;
}

/** The run's place in its chain, what must hold for it to be taken, and what else is written then. */
export interface Origin {
  readonly runNumber: number;
  readonly expect: readonly Expectation[];
  readonly writes: readonly Write[];
  /** Where it comes from, for a run that does not stand on its own. */
  readonly lineage?: Partial<
    Pick<WorkflowStarted, 'attempt' | 'parent' | 'continuedFrom' | 'firstRunId' | 'children'>
  >;
}

/** Everything that begins a run, as one birth. */
export async function birthOf(
  core: Core,
  { workflowId, runId }: { readonly workflowId: WorkflowId; readonly runId: RunId },
  { workflowType, plan, input, memo, attributes, headers }: Beginning,
  origin: Origin,
  now: EpochMs,
): Promise<RunBirth> {
  const { namespace } = core;
  const { taskQueue, requestId, executionDeadline, runDeadline, runTimeout, retry, visibleAt } = plan;
  const { attempt = 1, parent, continuedFrom, firstRunId, children } = origin.lineage ?? {};
  const deadlines = {
    ...(executionDeadline !== undefined && { executionDeadline }),
    ...(runDeadline !== undefined && { runDeadline }),
  };
  const lineage = { ...(parent && { parent }), ...(firstRunId !== undefined && { firstRunId }) };
  const started: WorkflowStarted = {
    seq: 1,
    type: 'WorkflowStarted',
    at: now,
    workflowType,
    workflowId,
    runId,
    taskQueue,
    input,
    runNumber: origin.runNumber,
    attempt,
    ...deadlines,
    priority: plan.priority,
    fairnessKey: plan.fairnessKey,
    fairnessWeight: plan.fairnessWeight,
    ...(runTimeout !== undefined && { runTimeout }),
    ...(retry && { retry }),
    ...lineage,
    ...(continuedFrom !== undefined && { continuedFrom }),
    ...(payloadText(memo) !== '{}' && { memo }),
    ...(attributes !== '{}' && { searchAttributes: encodeValue(attributeValues({ attributes, runId })) }),
    ...(children && { children }),
    ...(headers && { headers }),
  };
  const start = encodeStart({
    input: await sealPayload(core, input),
    memo: await sealPayload(core, memo),
    ...deadlines,
    ...(requestId !== undefined && { requestId }),
    ...lineage,
    ...(attempt > 1 && { attempt, beginsAt: visibleAt }),
    ...(children && { inherits: true as const }),
    ...(headers && { headers }),
  });
  const names: readonly string[] = [
    workflowKey(workflowId),
    ...(requestId === undefined ? [] : [requestKey(requestId)]),
  ];
  return {
    run: {
      namespace,
      runId,
      workflowId,
      runNumber: origin.runNumber,
      workflowType,
      taskQueue,
      startedAt: now,
      start,
      attributes,
      archivedAt: null,
      status: 'pending',
      isCurrent: true,
      buildId: null,
      closedAt: null,
      progressAt: now,
      body: '{}',
    },
    started,
    expect: [
      ...(requestId === undefined
        ? []
        : [{ kind: 'key' as const, namespace, key: requestKey(requestId), value: null }]),
      ...origin.expect,
    ],
    writes: [
      ...origin.writes,
      ...names.map((key) => ({ kind: 'put-key' as const, record: { namespace, key, value: runId, runId } })),
    ],
    visibleAt,
  };
}

/** The batch that begins a run for whichever worker claims it. */
export async function batchOf(
  core: Core,
  { run, started, expect, writes, visibleAt }: RunBirth,
): Promise<Batch> {
  const task = runTaskOf(run, started, visibleAt > run.startedAt ? visibleAt : atOnce(visibleAt));
  const events = core.sealer.active ? await sealedBodies(core, [started]) : [encodeEvent(started)];
  return { expect, writes: [{ kind: 'insert-run', run, events }, ...writes, { kind: 'put-task', task }] };
}

/** A run's place in the queue, as it is before anybody has claimed it. */
export function runTaskOf(
  {
    namespace,
    runId,
    taskQueue,
    workflowType,
  }: Pick<RunRecord, 'namespace' | 'runId' | 'taskQueue' | 'workflowType'>,
  { priority = 5, fairnessKey = '', fairnessWeight = 1 }: WorkflowStarted,
  visibleAt: EpochMs,
): TaskRecord {
  return {
    taskId: runTaskId(runId),
    namespace: homeOf(namespace),
    kind: 'workflow',
    queue: taskQueue,
    type: workflowType,
    runId,
    buildId: null,
    priority,
    fairnessKey,
    fairnessWeight,
    visibleAt,
    attempt: 0,
    token: 0,
    leaseOwner: null,
    leaseUntil: 0,
    body: '{}',
  };
}
