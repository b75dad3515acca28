import process from 'node:process';
import { parentPort } from 'node:worker_threads';
import { shrink, type Shrunk } from './shrink.js';
import { simulate } from './simulation.js';

/** What a thread is asked to do. */
export type Job =
  | { readonly kind: 'run'; readonly seeds: readonly number[]; readonly untilFailure: boolean }
  | { readonly kind: 'trace'; readonly seed: number }
  | { readonly kind: 'shrink'; readonly seed: number };

export interface Failure {
  readonly seed: number;
  readonly violation: string;
}

/** What it says. */
export type Report =
  | {
      readonly kind: 'ran';
      readonly seeds: number;
      readonly steps: number;
      readonly failures: readonly Failure[];
    }
  | { readonly kind: 'traced'; readonly violation: string | undefined; readonly trace: readonly string[] }
  | ({ readonly kind: 'shrunk' } & Shrunk);

// A promise of workflow code that nobody looks at concerns nobody here.
process.on('unhandledRejection', () => undefined);
// Nobody reads a stack here, and taking them costs a quarter of the time.
Error.stackTraceLimit = 0;

parentPort?.on('message', (job: Job) => {
  void carryOut(job).then((report) => parentPort?.postMessage(report));
});

async function carryOut(job: Job): Promise<Report> {
  switch (job.kind) {
    case 'run': {
      const failures: Failure[] = [];
      let seeds = 0;
      let steps = 0;
      for (const seed of job.seeds) {
        const outcome = await simulate(seed);
        seeds += 1;
        steps += outcome.steps;
        if (outcome.violation === undefined) continue;
        failures.push({ seed, violation: outcome.violation });
        if (job.untilFailure) break;
      }
      return { kind: 'ran', seeds, steps, failures };
    }
    case 'trace': {
      const { violation, trace } = await simulate(job.seed, { traced: true });
      return { kind: 'traced', violation, trace };
    }
    case 'shrink':
      return { kind: 'shrunk', ...(await shrink(job.seed)) };
  }
}
