import { readLimits } from '../../codec/limits.js';
import { encodeFailure, failureOf } from '../../codec/failures.js';
import { decodeValue, encodeValue } from '../../codec/values.js';
import {
  InterceptorError,
  isPerdureError,
  NondeterminismError,
  QueryRejectedError,
} from '../../model/errors.js';
import type { RunId } from '../../model/ids.js';
import { asText, samePayload, type Payload, type TextPayload } from '../../model/payload.js';
import { changesTheRun, type WorkflowInstance } from '../../replay/instance.js';
import type { TaskRecord } from '../../storage/records.js';
import { decodeQuery, encodeReply, replyKey } from '../query-mail.js';
import { interceptedQuery } from './intercepted.js';
import { replayRun } from './replay-run.js';
import type { QueryHost } from './run-host.js';
import { sealPayload } from './sealing.js';

/** Answers queries from what is recorded, hot or replayed: those of this process directly, those of others as tasks. */
export class QueryResponder {
  readonly #host: QueryHost;
  /** The newest replayed run: a live query asks the same one again and again. */
  #last: { readonly runId: RunId; readonly seq: number; readonly instance: WorkflowInstance } | undefined;

  constructor(host: QueryHost) {
    this.#host = host;
  }

  async answer(runId: RunId, name: string, argument: Payload): Promise<TextPayload | undefined> {
    const { interceptors } = this.#host.core;
    if (interceptors.query.length === 0) return this.#answer(runId, name, argument);
    const instance = await this.#instanceOf(runId);
    if (!instance) return undefined;
    const about = interceptedQuery(instance, name, decodeValue(asText(argument), readLimits));
    try {
      let answer: TextPayload | undefined;
      await interceptors.around(interceptors.query, about, async () => {
        // Another look: the run may have moved on meanwhile.
        answer = await this.#answer(runId, name, argument);
        return answer && decodeValue(answer, readLimits);
      });
      return answer;
    } catch (error) {
      if (!(error instanceof InterceptorError)) throw error;
      throw new QueryRejectedError(`Query '${name}' was refused: ${error.message}`, { cause: error });
    }
  }

  async #answer(runId: RunId, name: string, argument: Payload): Promise<TextPayload | undefined> {
    const instance = await this.#instanceOf(runId);
    const answer = instance && this.#ask(instance, name, argument);
    if (answer && this.#host.core.checks.shadowReplay)
      await this.#askAgain(instance, runId, name, argument, answer);
    return answer;
  }

  #ask(instance: WorkflowInstance, name: string, argument: Payload): TextPayload {
    return encodeValue(
      instance.query(name, decodeValue(asText(argument), readLimits)),
      this.#host.core.limits,
    );
  }

  /** A query that looks gives the same answer again; one whose next answer is another, where a fresh replay gives the first, has changed the run. */
  async #askAgain(
    asked: WorkflowInstance,
    runId: RunId,
    name: string,
    argument: Payload,
    answer: TextPayload,
  ): Promise<void> {
    if (samePayload(this.#ask(asked, name, argument), answer)) return;
    const fresh = await replayRun(this.#host, runId);
    const sameRun = fresh?.recorder.head === asked.recorder.head;
    if (sameRun && samePayload(this.#ask(fresh, name, argument), answer))
      throw changesTheRun(`Query '${name}'`);
  }

  /** Serves a claimed query: the reply and the end of the task are one commit. */
  async respond(task: TaskRecord): Promise<void> {
    const { core } = this.#host;
    try {
      const query = decodeQuery(task.body);
      const reply = await this.#reply(task.runId, query.name, query.input);
      if (reply === undefined) return; // another worker has the code: the lease runs out
      await core.committer.commit({
        expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],
        writes: [
          { kind: 'drop-task', taskId: task.taskId },
          {
            kind: 'put-key',
            record: {
              namespace: task.namespace,
              key: replyKey(task.taskId),
              value: reply,
              runId: task.runId,
            },
          },
        ],
      });
    } catch (error) {
      core.log.warn('A query could not be answered', { runId: task.runId, error });
    }
  }

  async #reply(runId: RunId, name: string, input: Payload): Promise<string | undefined> {
    const { core } = this.#host;
    try {
      const opened = core.sealer.active ? await core.sealer.open(input) : input;
      const result = await this.answer(runId, name, opened);
      return result && encodeReply({ ok: true, result: await sealPayload(core, result) });
    } catch (error) {
      const { message } = failureOf(encodeFailure(error));
      const code = isPerdureError(error) ? error.code : 'query_rejected';
      const details = error instanceof NondeterminismError ? error.details : undefined;
      return encodeReply({ ok: false, code, message, details });
    }
  }

  async #instanceOf(runId: RunId): Promise<WorkflowInstance | undefined> {
    const { core } = this.#host;
    const head = (await core.storage.readRun(runId))?.seq;
    if (head === undefined) return undefined;
    // Under development no query touches the run itself, nor what an earlier one was asked of.
    if (core.checks.shadowReplay) return replayRun(this.#host, runId);
    const hot = this.#host.hotInstance(runId);
    if (hot?.seq === head && hot.instance.recorder.head === head && !hot.instance.tainted)
      return hot.instance;
    const last = this.#last;
    if (last?.runId === runId && last.seq === head && !last.instance.tainted) return last.instance;
    const instance = await replayRun(this.#host, runId);
    if (instance) this.#last = { runId, seq: instance.recorder.head, instance };
    return instance;
  }
}
