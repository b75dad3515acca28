import { readLimits } from '../../codec/limits.js';
import { encodeFailure } from '../../codec/failures.js';
import { decodeValue, encodeValue } from '../../codec/values.js';
import {
  InvalidArgumentError,
  isPerdureError,
  PerdureError,
  StorageError,
  unknownWorkflow,
} from '../../model/errors.js';
import type { ChildWorkflowScheduled } from '../../model/events.js';
import { asText } from '../../model/payload.js';
import type { Batch, CommitResult } from '../../storage/port.js';
import type { RunRecord } from '../../storage/records.js';
import { encodeMemo, encodeSearchAttributes, type WorkflowReference } from '../client/beginning.js';
import { batchOf, birthOf, type Beginning } from '../client/birth.js';
import { decideDuplicate, firstRun } from '../client/duplicates.js';
import { readRun } from '../client/read-run.js';
import { planStart, type StartPlan } from '../client/start-options.js';
import type { Core, RunBirth } from '../core.js';
import { decodeStart } from '../run-projection.js';
import { checkRegistered } from '../search/attribute-registry.js';
import type { Errand } from './errand.js';

type PlannedChild = Beginning & { readonly plan: StartPlan };

/**
 * Starts a child, its first activation in the same commit where it runs here. An id whose runs are all closed gives the
 * next run of that id; an open one is refused, an ancestor's too.
 */
export async function startChild(errand: Errand, event: ChildWorkflowScheduled): Promise<void> {
  const { core } = errand;
  const { childId, workflowId } = event;
  try {
    const parent = await readRun(core, errand.runId);
    const depth = depthBelow(parent, event);
    const child = { ...plannedChild(core, event, parent.taskQueue), headers: decodeStart(parent).headers };
    await checkRegistered(core, child.attributes);
    let origin = firstRun(core, workflowId);
    for (let look = false; ; look = true) {
      if (look) {
        const decision = await decideDuplicate(core, workflowId, child);
        if (decision.kind === 'begin') origin = decision.origin;
      }
      const now = core.clock.now();
      const runId = core.ids.next(now);
      const lineage = {
        parent: {
          workflowId: parent.workflowId,
          runId: errand.runId,
          childId,
          ...(depth > 1 && { depth }),
        },
      };
      const birth = await birthOf(core, { workflowId, runId }, child, { ...origin, lineage }, now);
      const ended = await errand.batch(birth, `${childId}:started`, {
        type: 'ChildWorkflowStarted',
        childId,
        runId,
      });
      if (errand.settled(await begin(core, { ...birth, ...ended })) === 'done') return;
    }
  } catch (error) {
    if (error instanceof StorageError || !isPerdureError(error)) throw error;
    await errand.end(`${childId}:started`, {
      type: 'ChildWorkflowStartFailed',
      childId,
      failure: encodeFailure(error),
    });
  }
}

/** Children of children that go deeper than this are taken to be code that calls itself without end. */
const deepest = 100;

function depthBelow(run: RunRecord, { workflowType }: ChildWorkflowScheduled): number {
  const { parent } = decodeStart(run);
  const depth = parent ? (parent.depth ?? 1) + 1 : 1;
  if (depth <= deepest) return depth;
  throw new PerdureError(
    'structural_limit',
    `Child workflow '${workflowType}' would be ${depth} generations below its first parent, where ${deepest} are allowed: go on with ctx.continueAsNew, or start it with a client in an activity`,
  );
}

async function begin(core: Core, birth: RunBirth): Promise<CommitResult> {
  const { run } = birth;
  if (core.worker?.serves(run.workflowType, run.taskQueue)) return core.worker.start(birth);
  const batch: Batch = await batchOf(core, birth);
  const result = await core.committer.commit(batch);
  if (result.ok) core.worker?.poke(run.runId);
  return result;
}

/** Throws for what no child can be started with. */
function plannedChild(core: Core, event: ChildWorkflowScheduled, parentQueue: string): PlannedChild {
  const { workflowType, workflowId, taskQueue, executionTimeout, runTimeout, retry } = event;
  const { workflows } = core.registry;
  const definition: Exclude<WorkflowReference, string> | undefined = workflows.get(workflowType);
  // Another queue may be served by others, who know it.
  if (!definition && taskQueue === parentQueue) throw unknownWorkflow(workflowType, workflows.keys());
  const plan = planStart(
    {
      id: workflowId,
      duplicatePolicy: 'allow',
      taskQueue,
      ...(executionTimeout !== undefined && { executionTimeout }),
      ...(runTimeout !== undefined && { runTimeout }),
      ...(retry && { retry }),
      priority: event.priority,
      fairnessKey: event.fairnessKey,
      fairnessWeight: event.fairnessWeight,
    },
    undefined,
    core.clock.now(),
  );
  const record = (payload: ChildWorkflowScheduled['memo'], path: string): Record<string, unknown> => {
    const value = payload && decodeValue(asText(payload), readLimits);
    if (value === undefined) return {};
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    throw new InvalidArgumentError('The child cannot be started', [{ path, message: 'must be an object' }]);
  };
  return {
    workflowType,
    plan,
    input: asText(event.input),
    memo: event.memo ? encodeMemo(core, record(event.memo, 'memo')) : encodeValue({}),
    attributes: encodeSearchAttributes(
      record(event.searchAttributes, 'searchAttributes'),
      definition?.searchAttributes,
    ),
  };
}
