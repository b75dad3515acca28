import { decodeValue, encodeValue } from '../../codec/values.js';
import { isPerdureError, NondeterminismError, QueryRejectedError } from '../../model/errors.js';
import { runTaskId } from '../../model/ids.js';
import type { TextPayload } from '../../model/payload.js';
import type { RunRecord, TaskRecord } from '../../storage/records.js';
import { decodeReply, encodeQuery, queryTaskId, replyKey, type QueryReply } from '../query-mail.js';
import { sealPayload } from '../worker/sealing.js';
import { atOnce } from './at-once.js';
import { attemptCommit } from './attempt-commit.js';
import { checkMessage, type DeclaredMessages } from './declared-messages.js';
import { readLimits } from '../../codec/limits.js';
import { readValue } from './describe.js';
import type { OpenCore } from './open-core.js';
import { waitFor } from './wait-for.js';

/** How long a worker elsewhere may take to answer. Milliseconds. */
const answerWithin = 10_000;

/**
 * Asks a run: the worker of this process where it has the code, else whichever worker claims the question. Reads only;
 * nothing is added to the history. Closed runs answer too, and one that has not begun answers as it will begin. Rejects with `QueryRejectedError`, or with
 * `NondeterminismError` where the code no longer fits the run.
 */
export async function queryRun(
  core: OpenCore,
  run: RunRecord,
  declared: DeclaredMessages | undefined,
  name: string,
  argument: unknown,
): Promise<unknown> {
  const messages = declared ?? core.registry.workflows.get(run.workflowType)?.messages;
  const input = accepted(core, run.workflowType, messages, name, argument);
  const pin = await core.command(() => pinOfRun(core, run));
  const local = pin === null || pin === core.worker?.buildId ? core.worker : undefined;
  const answer = await core.command(async () => local?.query(run.runId, name, input));
  if (answer) return decodeValue(answer, readLimits);
  const reply = await askElsewhere(core, run, pin, name, input);
  if (reply.ok) return core.command(() => readValue(core, reply.result));
  throw reply.code === 'nondeterminism'
    ? new NondeterminismError(reply.message, reply.details)
    : new QueryRejectedError(reply.message);
}

/** The build that an open run asks for, where workers name builds at all. */
async function pinOfRun(core: OpenCore, run: RunRecord): Promise<string | null> {
  if (run.buildId === null || run.closedAt !== null) return null;
  return (await core.storage.readTask(runTaskId(run.runId)))?.buildId ?? null;
}

export function accepted(
  core: OpenCore,
  type: string,
  declared: DeclaredMessages | undefined,
  name: string,
  argument: unknown,
): TextPayload {
  if (typeof name !== 'string' || name === '') throw new QueryRejectedError('A query needs a name');
  try {
    return encodeValue(checkMessage('query', type, declared, name, argument), core.limits);
  } catch (error) {
    if (isPerdureError(error) && error.code === 'payload_too_large') throw error;
    throw new QueryRejectedError(`Query '${name}' was refused: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The question is a task for the workers of the run's queue; the answer comes as a key, which goes with the task. */
async function askElsewhere(
  core: OpenCore,
  run: RunRecord,
  buildId: string | null,
  name: string,
  input: TextPayload,
): Promise<QueryReply> {
  const { namespace, storage } = core;
  const task = await core.command(() => ask(core, run, buildId, name, input));
  const key = replyKey(task.taskId);
  try {
    const until = core.clock.now() + answerWithin;
    const reply = await waitFor(core, run.runId, () => storage.readKey(namespace, key), { until });
    if (reply) return decodeReply(reply.value);
  } finally {
    void core.command(() => tidy(core, task, key)).catch(() => undefined); // closed meanwhile: it goes with the run
  }
  throw new QueryRejectedError(
    `No worker answered query '${name}' within ${answerWithin / 1_000} s: none that serves task queue '${run.taskQueue}'${buildId === null ? '' : ` with build '${buildId}'`} has the code of workflow '${run.workflowType}', or it is too busy`,
  );
}

async function ask(
  core: OpenCore,
  run: RunRecord,
  buildId: string | null,
  name: string,
  input: TextPayload,
): Promise<TaskRecord> {
  const now = core.clock.now();
  const task: TaskRecord = {
    taskId: queryTaskId(run.runId, core.ids.next(now)),
    namespace: core.namespace,
    kind: 'query',
    queue: run.taskQueue,
    type: run.workflowType,
    runId: run.runId,
    buildId,
    priority: 0,
    fairnessKey: '',
    fairnessWeight: 1,
    visibleAt: atOnce(now),
    attempt: 0,
    token: 0,
    leaseOwner: null,
    leaseUntil: 0,
    body: encodeQuery({ name, input: await sealPayload(core, input) }),
  };
  await attemptCommit(core, { expect: [], writes: [{ kind: 'put-task', task }] });
  return task;
}

/** An answer that comes from now on is refused, since its task is gone. */
async function tidy(core: OpenCore, { namespace, taskId }: TaskRecord, key: string): Promise<void> {
  await attemptCommit(core, {
    expect: [],
    writes: [
      { kind: 'drop-task', taskId },
      { kind: 'drop-key', namespace, key },
    ],
  });
}
