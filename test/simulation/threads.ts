import { Worker } from 'node:worker_threads';
import type { Failure, Job, Report } from './worker.js';

/** What many seeds came to. */
export interface Tally {
  readonly seeds: number;
  readonly steps: number;
  readonly failures: readonly Failure[];
}

/** A thread of the simulator: it does one job at a time, and gets faster with every one. */
export class Thread {
  readonly #worker: Worker;

  constructor(file: string) {
    this.#worker = new Worker(file);
  }

  /** Rejects where the thread fails. */
  do<K extends Job['kind']>(job: Extract<Job, { kind: K }>): Promise<Extract<Report, { kind: Reported[K] }>> {
    return new Promise((resolve, reject) => {
      const ended = (code: number): void => {
        const asked = JSON.stringify(job).slice(0, 200);
        reject(new Error(`A thread of the simulator ended with ${code} over ${asked}`));
      };
      this.#worker.once('exit', ended);
      this.#worker.once('error', reject);
      this.#worker.once('message', (report: Extract<Report, { kind: Reported[K] }>) => {
        this.#worker.off('exit', ended);
        this.#worker.off('error', reject);
        resolve(report);
      });
      this.#worker.postMessage(job);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** What each job is answered with. */
interface Reported {
  run: 'ran';
  again: 'ran';
  trace: 'traced';
  shrink: 'shrunk';
}

/** One job in a thread of its own. */
export async function inThread<K extends Job['kind']>(
  file: string,
  job: Extract<Job, { kind: K }>,
): Promise<Extract<Report, { kind: Reported[K] }>> {
  const thread = new Thread(file);
  try {
    return await thread.do<K>(job);
  } finally {
    await thread.end();
  }
}

/** Runs seeds on so many threads. `chunk`: for one thread at a time, few enough that all threads end together; `untilFailure`: the first failure is enough. */
export async function runSeeds(
  file: string,
  seeds: readonly number[],
  {
    threads,
    chunk = 250,
    untilFailure = false,
    progress,
  }: {
    readonly threads: number;
    readonly chunk?: number;
    readonly untilFailure?: boolean;
    readonly progress?: (tally: Tally) => void;
  },
): Promise<Tally> {
  let tally: Tally = { seeds: 0, steps: 0, failures: [] };
  let next = 0;
  const lane = async (): Promise<void> => {
    const thread = new Thread(file);
    while (next < seeds.length && !(untilFailure && tally.failures.length > 0)) {
      const part = seeds.slice(next, (next += chunk));
      const ran = await thread.do<'run'>({ kind: 'run', seeds: part, untilFailure });
      tally = {
        seeds: tally.seeds + ran.seeds,
        steps: tally.steps + ran.steps,
        failures: [...tally.failures, ...ran.failures],
      };
      progress?.(tally);
    }
    await thread.end();
  };
  await Promise.all(Array.from({ length: threads }, lane));
  return tally;
}
