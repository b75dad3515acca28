import { isPerdureError, type Client, type WorkflowHandle } from '@perdure/core';
import type { SimulatedProcess } from './process.js';
import { carryOut, type Scenario, type Told } from './script.js';
import type { Input } from './workflow.js';

/** Those who start workflows, ask things of them and wait for their results; each asks again until it is answered. */
export class Callers {
  /** What they were told, and the results that they heard, by workflow. */
  readonly told: Told[] = [];
  readonly results = new Map<number, string>();
  /** Calls that have not been answered. */
  waiting = 0;
  readonly #scenario: Scenario;
  readonly #blame: (what: string) => void;
  readonly #note: (what: string) => void;

  constructor(scenario: Scenario, blame: (what: string) => void, note: (what: string) => void) {
    this.#scenario = scenario;
    this.#blame = blame;
    this.#note = note;
  }

  /** Does through one client what of the scenario is `mine`. */
  send(process: SimulatedProcess, opened: Promise<Client>, mine: (i: number) => boolean): void {
    const at = (ms: number, what: string, work: (client: Client) => Promise<void>): void => {
      this.waiting += 1;
      process.after(ms, () => {
        const again = (): void => {
          opened.then(work).then(
            () => {
              this.waiting -= 1;
            },
            (error: unknown) => {
              if (!isPerdureError(error) || !error.code.startsWith('storage_'))
                this.#blame(`${what}: ${String(error)}`);
              // As a caller would: what it asked for has an id, so that asking again does no harm.
              process.after(50, again);
            },
          );
        };
        again();
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
          const answer = await carryOut(client, order, workflowId, () => this.#start(client, order.workflow));
          this.#note(`${process.name}: ${order.kind} ${order.id} to ${workflowId}: ${answer}`);
          this.told.push({ order, answer });
        });
    });
  }

  /** Whoever comes second finds the run of the first: by its request, or by its id. */
  #start(client: Client, workflow: number): Promise<WorkflowHandle> {
    const { program } = this.#scenario.programs[workflow] as Scenario['programs'][number];
    const input: Input = { ...program, seen: [] };
    const id = `w${workflow}`;
    const options = workflow % 2 === 0 ? ({ duplicatePolicy: 'use_existing' } as const) : { requestId: id };
    return client.start('program', input, { id, ...options });
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

async function resultOf(handle: WorkflowHandle): Promise<string> {
  try {
    return JSON.stringify(await handle.result());
  } catch (error) {
    if (!isPerdureError(error) || error.code.startsWith('storage_')) throw error;
    const { failure } = error as { failure?: { message: string } };
    return `${error.code}${failure ? ` (${failure.message})` : ''}`;
  }
}
