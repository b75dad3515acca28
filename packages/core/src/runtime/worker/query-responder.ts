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
import { RunCopies } from './run-copies.js';
import type { RunHost } from './run-host.js';
import { sealPayload } from './sealing.js';

/** A query whose first answers were the same, asked twice, is trusted to look only. */
const timesAskedTwice = 10;

/** Answers queries from what is recorded: those of this process directly, those of others as tasks. */
export class QueryResponder {
  readonly #host: RunHost;
  /** How often queries were asked twice, by type of workflow and name. */
  readonly #askedTwice = new Map<string, number>();

  readonly #copies: RunCopies;

  /** Keeps at most so many copies of runs. */
  constructor(host: RunHost, mostCopies: number) {
    this.#host = host;
    this.#copies = new RunCopies(host, mostCopies);
  }

  async answer(runId: RunId, name: string, argument: Payload): Promise<TextPayload | undefined> {
    const { interceptors } = this.#host.core;
    if (interceptors.query.length === 0) return this.#answer(runId, name, argument);
    const about = await this.#copies.look(runId, (copy) =>
      interceptedQuery(copy, name, decodeValue(asText(argument), readLimits)),
    );
    if (!about) return undefined;
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
    const asked = await this.#copies.look(runId, (copy) => {
      const query = `${copy.started.workflowType} ${name}`;
      const answer = this.#ask(copy, name, argument);
      const differs =
        this.#isDoubted(query) && !samePayload(this.#ask(copy, name, argument, 'silent'), answer);
      if (differs) this.#copies.drop(runId);
      return { answer, query, differs };
    });
    if (asked?.differs) {
      this.#askedTwice.delete(asked.query);
      const changes = await this.#changes(runId, name, argument);
      if (changes) throw changesTheRun(`Query '${name}'`);
      if (changes === false) this.#askedTwice.set(asked.query, timesAskedTwice);
    }
    return asked?.answer;
  }

  #ask(instance: WorkflowInstance, name: string, argument: Payload, how?: 'silent'): TextPayload {
    return encodeValue(
      instance.query(name, decodeValue(asText(argument), readLimits), how),
      this.#host.core.limits,
    );
  }

  #isDoubted(query: string): boolean {
    const times = this.#askedTwice.get(query) ?? 0;
    if (times >= timesAskedTwice) return this.#host.core.checks.shadowReplay;
    this.#askedTwice.set(query, times + 1);
    return true;
  }

  /**
   * A query that tells the time differs between two replays; one that changes the run differs only when it is asked again.
   * Undefined where the run has moved on meanwhile.
   */
  async #changes(runId: RunId, name: string, argument: Payload): Promise<boolean | undefined> {
    const [one, other] = [await replayRun(this.#host, runId), await replayRun(this.#host, runId)];
    if (!one || one.recorder.head !== other?.recorder.head) return undefined;
    const first = this.#ask(one, name, argument, 'silent');
    return (
      !samePayload(this.#ask(one, name, argument, 'silent'), first) &&
      samePayload(this.#ask(other, name, argument, 'silent'), first)
    );
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
}
