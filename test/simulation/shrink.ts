import { drawChaos, type Chaos } from './chaos.js';
import { show, smaller } from './program.js';
import { Random } from './random.js';
import { drawScenario, type Scenario } from './script.js';
import { simulate } from './simulation.js';

export interface Shrunk {
  readonly violation: string | undefined;
  /** The smallest failure that was found: programs, orders, trouble, one line each. */
  readonly story: readonly string[];
  readonly trace: readonly string[];
  /** The same as data, to be kept. */
  readonly smallest: Case & { readonly seed: number };
}

export interface Case {
  readonly scenario: Scenario;
  readonly chaos: Chaos;
}

/** How many smaller cases are tried. */
const mostTries = 600;

/** Makes a failing seed smaller, as long as the same guarantee is broken. */
export async function shrink(seed: number): Promise<Shrunk> {
  let best: Case = {
    scenario: drawScenario(Random.of(seed, 'scenario')),
    chaos: drawChaos(Random.of(seed, 'chaos')),
  };
  const law = lawOf((await simulate(seed, best)).violation);
  let tries = 0;
  for (let progress = law !== undefined; progress && tries < mostTries;) {
    progress = false;
    for (const less of smallerCases(best)) {
      if (++tries > mostTries) break;
      if (lawOf((await simulate(seed, less)).violation) !== law) continue;
      best = less;
      progress = true;
      break;
    }
  }
  const { violation, trace } = await simulate(seed, { ...best, traced: true });
  return { violation, story: storyOf(best), trace, smallest: { seed, ...best } };
}

/** The number of the guarantee that a violation begins with. */
function lawOf(violation: string | undefined): string | undefined {
  return violation?.split(' ', 1)[0];
}

function* smallerCases({ scenario, chaos }: Case): Generator<Case> {
  const { programs, orders } = scenario;
  for (let i = 0; i < orders.length; i++)
    yield { chaos, scenario: { programs, orders: orders.filter((_, j) => j !== i) } };
  const others = programs.length - 1;
  if (others > 0 && orders.every(({ workflow }) => workflow < others))
    yield { chaos, scenario: { programs: programs.slice(0, others), orders } };
  for (const [name, value] of Object.entries(chaos)) {
    if (name === 'workers' || name === 'clients' || name === 'lasts') continue;
    if (value === true || (typeof value === 'number' && value > 0))
      yield { scenario, chaos: { ...chaos, [name]: name === 'upgradeAt' ? undefined : 0 } };
  }
  if (chaos.clients > 1) yield { scenario, chaos: { ...chaos, clients: 1 } };
  if (chaos.workers > 1) yield { scenario, chaos: { ...chaos, workers: chaos.workers - 1 } };
  if (chaos.cached.length > 1)
    for (const one of chaos.cached) yield { scenario, chaos: { ...chaos, cached: [one] } };
  for (let i = 0; i < programs.length; i++) {
    const { at, program } = programs[i] as Scenario['programs'][number];
    const put = (less: typeof program): Case => ({
      chaos,
      scenario: { orders, programs: programs.map((one, j) => (j === i ? { at, program: less } : one)) },
    });
    if (program.stubborn) yield put({ ...program, stubborn: false });
    if (program.rounds > 0) yield put({ ...program, rounds: program.rounds - 1 });
    for (const root of smaller(program.root)) yield put({ ...program, root });
  }
}

function storyOf({ scenario, chaos }: Case): string[] {
  return [
    ...scenario.programs.map(
      ({ at, program: { root, rounds } }, i) =>
        `w${i} starts at ${at}, ${rounds === 0 ? '' : `with ${rounds} more runs, `}as ${show(root)}`,
    ),
    ...scenario.orders.map(
      ({ at, workflow, kind, id, n }) => `at ${at.toFixed(0)} w${workflow} gets ${kind} ${id} (${n})`,
    ),
    `trouble: ${Object.entries(chaos)
      .filter(([, value]) => value !== 0 && value !== false && value !== undefined)
      .map(
        ([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toFixed(3)) : String(value)}`,
      )
      .join(', ')}`,
  ];
}
