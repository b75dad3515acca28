import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { bundle } from './bundle.js';
import { inThread, runSeeds } from './threads.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});

const file = await bundle();
process.exitCode = values.seed === undefined ? await many() : await one(Number(values.seed));

/** Failures shown in full. */
async function many(): Promise<number> {
  const from = Number(values.from);
  const begun = performance.now();
  const seconds = (): string => ((performance.now() - begun) / 1_000).toFixed(1);
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => from + i);
  let shown = 0;
  const tally = await runSeeds(file, seeds, {
    threads: Number(values.threads),
    progress: ({ seeds: done, failures }) => {
      for (; shown < failures.length; shown++) {
        const { seed, violation } = failures[shown] as (typeof failures)[number];
        console.log(`seed ${seed}: ${violation.slice(0, 300)}`);
      }
      if (done % 50_000 === 0) console.log(`${done} seeds, ${failures.length} failed, ${seconds()} s`);
    },
  });
  const { steps, failures } = tally;
  console.log(
    `${tally.seeds} seeds, ${failures.length} failed, ${steps} steps, ${seconds()} s on ${values.threads} threads`,
  );
  const [first] = failures;
  if (first) await one(first.seed);
  return failures.length === 0 ? 0 : 1;
}

async function one(seed: number): Promise<number> {
  const { violation, trace } = await inThread<'trace'>(file, { kind: 'trace', seed });
  if (violation === undefined) {
    console.log([...trace, `seed ${seed}: nothing is wrong`].join('\n'));
    return 0;
  }
  const small = await inThread<'shrink'>(file, { kind: 'shrink', seed });
  console.log(
    [
      `\nseed ${seed}: ${violation}`,
      `\nMade smaller: ${small.violation}`,
      ...small.story,
      '',
      ...small.trace,
    ].join('\n'),
  );
  console.log(`\nTo be kept in kept.json, with the reason:\n${JSON.stringify(small.smallest)}`);
  console.log(`\nAgain: npm run sim -- --seed ${seed}`);
  return 1;
}
