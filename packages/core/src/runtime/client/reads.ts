import type { RunId, Seq } from '../../model/ids.js';
import type { DeclaredMessages } from './declared-messages.js';
import { describeRun } from './describe.js';
import type { HistoryEvent, ListFilter, WorkflowDescription } from './description.js';
import { readHistory } from './history.js';
import { countRuns, listRuns } from './list.js';
import type { OpenCore } from './open-core.js';
import { outcomeOf } from './outcome.js';
import { readRun } from './read-run.js';
import { queryRun } from './query.js';
import type { RunReads } from './run-reads.js';

/** The reads of one client. */
export class ClientReads implements RunReads {
  readonly #core: OpenCore;
  readonly #declared: DeclaredMessages | undefined;

  /** `declared`: the messages that the asked runs take, where the caller knows their type. */
  constructor(core: OpenCore, declared?: DeclaredMessages) {
    this.#core = core;
    this.#declared = declared;
  }

  describe(runId: RunId): Promise<WorkflowDescription> {
    return this.#core.command(async () => describeRun(this.#core, await readRun(this.#core, runId)));
  }
  events(runId: RunId, fromSeq: Seq, limit: number): Promise<readonly HistoryEvent[]> {
    return this.#core.command(() => readHistory(this.#core, runId, fromSeq, limit));
  }
  result(description: WorkflowDescription): unknown {
    return outcomeOf(description);
  }
  async query(runId: RunId, name: string, argument: unknown): Promise<unknown> {
    const run = await this.#core.command(() => readRun(this.#core, runId));
    return queryRun(this.#core, run, this.#declared, name, argument);
  }
  list(filter: ListFilter): Promise<readonly WorkflowDescription[]> {
    return this.#core.command(async () => (await listRuns(this.#core, filter, null)).items);
  }
  count(filter: ListFilter): Promise<number> {
    return this.#core.command(() => countRuns(this.#core, filter));
  }
}
