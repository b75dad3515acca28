import process from 'node:process';
import { parentPort } from 'node:worker_threads';
import { shrink, type Case, type Shrunk } from './shrink.js';
import { simulate, type Outcome } from './simulation.js';

/** What a thread is asked to do. */
export type Job =
  | { readonly kind: 'run'; readonly seeds: readonly number[]; readonly untilFailure: boolean }
  | { readonly kind: 'again'; readonly cases: readonly (Case & { readonly seed: number })[] }
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
    case 'run':
      return ran(job.seeds, (seed) => simulate(seed), job.untilFailure);
    case 'again':
      return ran(job.cases, ({ seed, ...options }) => simulate(seed, options), false);
    case 'trace': {
      const { violation, trace } = await simulate(job.seed, { traced: true });
      return { kind: 'traced', violation, trace };
    }
    case 'shrink':
      return { kind: 'shrunk', ...(await shrink(job.seed)) };
  }
}

async function ran<T>(
  all: readonly T[],
  run: (one: T) => Promise<Outcome>,
  untilFailure: boolean,
): Promise<Report> {
  const failures: Failure[] = [];
  let seeds = 0;
  let steps = 0;
  for (const one of all) {
    const outcome = await run(one);
    seeds += 1;
    steps += outcome.steps;
    if (outcome.violation === undefined) continue;
    failures.push({ seed: outcome.seed, violation: outcome.violation });
    if (untilFailure) break;
  }
  return { kind: 'ran', seeds, steps, failures };
}
