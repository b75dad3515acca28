import { isPerdureError, type Client, type StartOptions, type WorkflowHandle } from '@perdure/core';
import { retryOf } from './evaluate.js';
import type { SimulatedProcess } from './process.js';
import { carryOut, type Scenario, type Told } from './script.js';
import type { Outside } from './work.js';
import type { Input } from './program.js';

/** What came of an attempt that was ended by its token. */
export interface Finished {
  readonly taskToken: string;
  readonly failed: boolean;
  /** `done`, or the code of the error. */
  readonly answer: string;
}

/** Those who start workflows, ask things of them and wait for their results; each asks again until it is answered. */
export class Callers {
  /** What they were told, and the results that they heard, by workflow. */
  readonly told: Told[] = [];
  readonly results = new Map<number, string>();
  readonly finished: Finished[] = [];
  /** Calls that have not been answered. */
  waiting = 0;
  readonly #scenario: Scenario;
  readonly #blame: (what: string) => void;
  readonly #note: (what: string) => void;
  readonly #clients: { readonly process: SimulatedProcess; readonly opened: Promise<Client> }[] = [];

  constructor(scenario: Scenario, blame: (what: string) => void, note: (what: string) => void) {
    this.#scenario = scenario;
    this.#blame = blame;
    this.#note = note;
  }

  /** Does through one client what of the scenario is `mine`. */
  send(process: SimulatedProcess, opened: Promise<Client>, mine: (i: number) => boolean): void {
    this.#clients.push({ process, opened });
    const at = (ms: number, what: string, work: (client: Client) => Promise<void>): void => {
      this.waiting += 1;
      process.after(ms, () => {
        this.#surely(process, opened, what, work, () => {
          this.waiting -= 1;
        });
      });
    };
    this.#scenario.programs.forEach(({ at: ms }, i) => {
      if (mine(i))
        at(ms, `start ${i}`, async (client) => {
          const began = await this.#begin(client, i);
          this.#note(`${process.name}: start of w${i}: ${began}`);
          at(0, `result ${i}`, async () => {
            this.#hear(i, await resultOf(client.handle(`w${i}`)));
          });
        });
    });
    this.#scenario.orders.forEach((order, i) => {
      if (mine(i))
        at(order.at, order.kind, async (client) => {
          const workflowId = `w${order.workflow}`;
          const answer = await carryOut(
            client,
            order,
            workflowId,
            () => this.#start(client, order.workflow),
            { ...this.#beginning(order.workflow), duplicatePolicy: 'use_existing' },
          );
          this.#note(`${process.name}: ${order.kind} ${order.id} to ${workflowId}: ${answer}`);
          this.told.push({ order, answer });
        });
    });
  }

  /** Ends by its token what an activity has left to be ended later. */
  readonly end: Outside = (taskToken, part, end) => {
    const client = this.#clients[part.id % this.#clients.length];
    client?.process.after(part.ms, () => {
      const { error } = end();
      this.#surely(client.process, client.opened, `end of ${taskToken}`, async ({ activities }) => {
        const answer = await answerOf(() =>
          error ? activities.fail(taskToken, error) : activities.complete(taskToken, `a${part.id}`),
        );
        this.#note(`${client.process.name}: ${error ? 'fails' : 'completes'} ${taskToken}: ${answer}`);
        this.finished.push({ taskToken, failed: error !== undefined, answer });
      });
    });
  };

  /** As a caller would: what it asked for has an id, so that asking again does no harm. */
  #surely(
    process: SimulatedProcess,
    opened: Promise<Client>,
    what: string,
    work: (client: Client) => Promise<void>,
    done?: () => void,
  ): void {
    opened.then(work).then(done, (error: unknown) => {
      if (!isPerdureError(error) || !error.code.startsWith('storage_'))
        this.#blame(`${what}: ${String(error)}`);
      process.after(50, () => {
        this.#surely(process, opened, what, work, done);
      });
    });
  }

  /** Whoever comes second finds the run of the first: by its request, or by its id. */
  #start(client: Client, workflow: number): Promise<WorkflowHandle> {
    const { input, ...options } = this.#beginning(workflow);
    const id = `w${workflow}`;
    return client.start('program', input, {
      ...options,
      ...(workflow % 2 === 0 ? ({ duplicatePolicy: 'use_existing' } as const) : { requestId: id }),
    });
  }

  #beginning(workflow: number): { readonly input: Input } & StartOptions {
    const { program } = this.#scenario.programs[workflow] as Scenario['programs'][number];
    const { attempts, runTimeout, executionTimeout } = program.terms ?? {};
    return {
      input: { ...program, seen: [] },
      id: `w${workflow}`,
      ...(attempts !== undefined && { retry: retryOf(attempts) }),
      ...(runTimeout !== undefined && { runTimeout }),
      ...(executionTimeout !== undefined && { executionTimeout }),
    };
  }

  /** It may have ended already: of a call before that was not answered, or of another client's. */
  async #begin(client: Client, workflow: number): Promise<string> {
    try {
      return (await this.#start(client, workflow)).runId ?? '';
    } catch (error) {
      if (isPerdureError(error) && error.code === 'workflow_already_started') return error.code;
      throw error;
    }
  }

  #hear(workflow: number, result: string): void {
    this.#note(`w${workflow} has ended: ${result}`);
    const before = this.results.get(workflow);
    if (before !== undefined && before !== result)
      this.#blame(`G10 w${workflow} ended as ${before}, then as ${result}`);
    this.results.set(workflow, result);
  }
}

async function answerOf(ask: () => Promise<void>): Promise<string> {
  try {
    await ask();
    return 'done';
  } catch (error) {
    if (!isPerdureError(error) || error.code.startsWith('storage_')) throw error;
    return error.code;
  }
}

async function resultOf(handle: WorkflowHandle): Promise<string> {
  try {
    return JSON.stringify(await handle.result());
  } catch (error) {
    if (!isPerdureError(error) || error.code.startsWith('storage_')) throw error;
    const { failure } = error as { failure?: { message: string } };
    return `${error.code}${failure ? ` (${failure.message})` : ''}`;
  }
}
