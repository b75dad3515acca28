import { law, type Draft } from '../case.js';
import { ConformanceError } from '../check.js';
import { Lab } from '../lab.js';
import { play } from '../model/play.js';
import { describeScript } from '../model/describe.js';
import { writeScript, type Mix, type Step } from '../model/script.js';
import { wordsEndingIn } from '../model/words.js';
import { shrinkScript } from '../model/shrink.js';
import { Random } from '../../random.js';

const clients = 8;
const steps = 90;
const even = { commit: 6, claim: 2, release: 0.5, look: 1, wait: 1 };

const atOnce: readonly string[] = ['of everything', 'about histories', 'about tasks', 'about inboxes'];

const mixes: readonly Mix[] = [
  { name: 'of everything', weights: even, favours: [] },
  { name: 'of everything, other numbers', weights: even, favours: [] },
  {
    name: 'about histories',
    weights: even,
    favours: ['insert-run', 'advance-run', 'advance-run', 'amend-run'],
  },
  {
    name: 'about tasks',
    weights: { ...even, claim: 6, wait: 4 },
    favours: ['put-task', 'wake-task', 'drop-task'],
  },
  { name: 'about leases', weights: { ...even, claim: 8, release: 3, look: 0 }, favours: ['put-task'] },
  {
    name: 'about inboxes',
    weights: { ...even, claim: 0, look: 0 },
    favours: ['put-message', 'drop-messages'],
  },
  {
    name: 'about keys',
    weights: { ...even, claim: 0, wait: 0 },
    favours: ['put-key', 'drop-key', 'purge-run'],
  },
  {
    name: 'about lists',
    weights: { ...even, look: 8, claim: 0 },
    favours: ['insert-run', 'amend-run', 'purge-run'],
  },
  { name: 'about purges', weights: even, favours: ['purge-run', 'insert-run', 'drop-tasks', 'put-task'] },
  { name: 'over reopenings', weights: even, favours: [], reopen: true },
];

/** One script a mix, and some at once. The same first seed gives the same scripts. */
export function modelCases(firstSeed: number): readonly Draft[] {
  const together = mixes.filter(({ name }) => atOnce.includes(name));
  return [
    ...mixes.map((mix, n) => scriptCase(mix, firstSeed + n)),
    ...together.map((mix, n) => togetherCase(mix, firstSeed + mixes.length + n * clients)),
  ];
}

const words = wordsEndingIn('');

function scriptCase(mix: Mix, seed: number): Draft {
  return law(
    'M1',
    `a random script ${mix.name}, by ${clients} clients, does what the port says`,
    async (_store, lab) => {
      const script = writeScript(new Random(seed), { mix, words, steps, clients });
      try {
        await play(lab, script, words, await lab.clients(clients));
      } catch (cause) {
        throw await explained(lab, script, seed, cause);
      }
    },
    mix.reopen === true ? ['reopen'] : [],
  );
}

/** What other clients do with other names changes nothing, however the calls fall between one another. */
function togetherCase(mix: Mix, seed: number): Draft {
  return law(
    'M1',
    `${clients} random scripts ${mix.name} at once do not disturb one another`,
    async (_store, lab) => {
      const handles = await lab.clients(clients);
      const playing = handles.map(async (_handle, n) => {
        const own = wordsEndingIn(`@${n}`);
        const script = writeScript(new Random(seed + n), { mix, words: own, steps: 30, clients: 2 });
        const turned = [...handles.slice(n), ...handles.slice(0, n)];
        await play(lab, script, own, turned);
      });
      const failed = (await Promise.allSettled(playing)).flatMap((end, n) =>
        end.status === 'rejected' ? [{ n, reason: end.reason as unknown }] : [],
      );
      const [first] = failed;
      if (first === undefined) return;
      const message = first.reason instanceof Error ? first.reason.message : String(first.reason);
      throw new ConformanceError(
        `seed ${seed + first.n}, of ${clients} scripts at once: ${message}`,
        first.reason,
      );
    },
  );
}

async function explained(
  lab: Lab,
  script: readonly Step[],
  seed: number,
  cause: unknown,
): Promise<ConformanceError> {
  let last = cause;
  const fails = async (some: readonly Step[]): Promise<boolean> => {
    const other = new Lab(lab.fixture);
    try {
      await other.begin();
      await play(other, some, words, await other.clients(clients));
      return false;
    } catch (error) {
      last = error;
      return true;
    } finally {
      await other.end().catch(() => undefined); // A store that fails may not close either.
    }
  };
  const least = await shrinkScript(script, fails, 6_000);
  const repeats = await fails(least);
  const message = last instanceof Error ? last.message : String(last);
  const note = repeats ? '' : '\n  (played once more it did not fail: a race)';
  return new ConformanceError(`seed ${seed}: ${message}\n  script:\n${describeScript(least)}${note}`, last);
}
