import { readBundle, type HistoryBundle } from '../../codec/bundle.js';
import { decodeEvent } from '../../codec/events.js';
import { failureOf } from '../../codec/failures.js';
import { decodeValue } from '../../codec/values.js';
import { ForeignAwaitError, InvalidArgumentError, type PerdureError } from '../../model/errors.js';
import {
  endsFromOutside,
  isCloseEvent,
  type CloseEvent,
  type RunEvent,
  type WorkflowStarted,
} from '../../model/events.js';
import type { Failure } from '../../model/failure.js';
import type { WorkflowStatus } from '../../model/status.js';
import { explained } from '../../replay/explanation.js';
import { WorkflowInstance } from '../../replay/instance.js';
import type { Blockage } from '../../replay/recorder.js';
import { blockageError } from '../blockage-error.js';
import type { WorkflowRecord } from '../definitions.js';
import { chooseDrain } from '../drain.js';
import { hostPlatform } from '../platform.js';
import { silent } from '../silent-log.js';
import { closedStatus, openStatus } from '../worker/run-body.js';
import { unknownWorkflow } from '../../model/errors.js';
import { defaultPayloadLimits, readLimits, type PayloadLimits } from '../../codec/limits.js';
import { ArgumentCheck } from '../../model/argument-check.js';

/** How a replay ended. */
export interface ReplayResult {
  /** Where the recorded run stands. */
  readonly status: WorkflowStatus;
  /** What today's code returned, where the run completed. */
  readonly output?: unknown;
  /** What today's code threw, where the run failed. */
  readonly failure?: Failure;
}

/** What the engine of the run was given. */
export interface ReplayOptions {
  /** `maxPayloadBytes` of that engine: code that met it and went on has to meet it again. Default 2 MiB. */
  readonly maxPayloadBytes?: number;
}

/** Checks the options of a replay. Throws `InvalidArgumentError`. */
export function replayLimits(options: ReplayOptions = {}): PayloadLimits {
  const check = new ArgumentCheck();
  check.options(options, ['maxPayloadBytes']);
  const { maxPayloadBytes: maxBytes = defaultPayloadLimits.maxBytes } = options;
  check.require(
    Number.isSafeInteger(maxBytes) && maxBytes > 0,
    'maxPayloadBytes',
    'must be a whole number above 0',
  );
  check.done('The history cannot be replayed');
  return { ...defaultPayloadLimits, maxBytes };
}

/** Runs today's code against a recorded history, and compares command by command. */
export async function replayBundle(
  workflows: ReadonlyMap<string, WorkflowRecord>,
  bundle: HistoryBundle,
  limits: PayloadLimits,
): Promise<ReplayResult> {
  const { events, bodies, workflow: bundled } = readBundle(bundle);
  const started = events[0];
  if (started?.type !== 'WorkflowStarted') {
    throw new InvalidArgumentError('The history cannot be replayed', [
      { path: 'bundle.events', message: 'must begin with WorkflowStarted' },
    ]);
  }
  const workflow = workflows.get(started.workflowType);
  if (!workflow) throw unknownWorkflow(started.workflowType, workflows.keys());
  const last = events.at(-1) as RunEvent;
  const close = isCloseEvent(last) ? last : undefined;
  if (close && events.length === 2 && endsFromOutside(close)) return { status: closedStatus(close) }; // its code never ran
  const instance = await run(workflows, workflow, limits, started, events, bodies, bundled.redacted === true);
  if (!close && !instance.settlement && !instance.waitsForTheWorld) throw foreignAwait(workflow);
  return { status: close ? closedStatus(close) : openStatus(instance), ...settled(instance, close) };
}

async function run(
  workflows: ReadonlyMap<string, WorkflowRecord>,
  workflow: WorkflowRecord,
  limits: PayloadLimits,
  started: WorkflowStarted,
  events: readonly RunEvent[],
  bodies: readonly string[],
  redacted: boolean,
): Promise<WorkflowInstance> {
  const host = {
    ...{ namespace: 'default', log: silent, limits, workflows },
    onForeign: () => undefined,
  };
  const instance = new WorkflowInstance(workflow, started, host);
  instance.feedRecorded({ events, bodies });
  const drain = await chooseDrain(hostPlatform);
  await drain(() => instance.step());
  if (instance.blockage) {
    const known = await explained(instance.blockage, workflow, bodies.map(decodeEvent), host, drain);
    throw asError(known, redacted);
  }
  return instance;
}

function settled(
  { settlement }: WorkflowInstance,
  close: CloseEvent | undefined,
): Omit<ReplayResult, 'status'> {
  if (settlement?.kind === 'failed' && close && !endsFromOutside(close))
    return { failure: failureOf(settlement.failure) };
  if (close?.type === 'WorkflowFailed') return { failure: failureOf(close.failure) };
  if (!close || endsFromOutside(close)) return {};
  return settlement?.kind === 'completed' ? { output: decodeValue(settlement.result, readLimits) } : {};
}

function foreignAwait({ name }: WorkflowRecord): ForeignAwaitError {
  return new ForeignAwaitError(
    `Workflow '${name}' waits for something that is not durable, such as fetch, setTimeout or a promise of its own. Do such work in an activity, or wait with ctx.`,
  );
}

function asError(blockage: Blockage, redacted: boolean): PerdureError {
  return blockageError(redacted ? ofRedacted(blockage) : blockage);
}

/** Why the code and a redacted history part may be that. */
export function ofRedacted({ code, message, details }: Blockage): Blockage {
  return {
    code,
    message: `${message} (The history is redacted: code that goes by the values may go another way for that alone.)`,
    details,
  };
}
