import { core, type Plant } from './plant.js';

/** What goes on, in what order and for how long: consistent on every replay, and wrong. Only the oracle can tell. */
export const order: readonly Plant[] = [
  {
    bug: 'of those who wait for a condition the newest is woken first',
    cuts: [
      {
        file: `${core}/replay/conditions.ts`,
        of: `for (const wait of this.#run.waits.conditions()) if (this.#wake(wait)) return true;`,
        into: `for (const wait of [...this.#run.waits.conditions()].reverse()) if (this.#wake(wait)) return true;`,
      },
    ],
  },
  {
    bug: 'who loses a race goes on',
    cuts: [
      {
        file: `${core}/replay/combinators.ts`,
        of: `return combine(scopes, 'race', first, Object.values(tasks), 'Another task of the race came first');`,
        into: `return combine(scopes, 'race', first, Object.values(tasks));`,
      },
    ],
  },
  {
    bug: 'a cancellation reaches what is shielded from it',
    cuts: [
      {
        file: `${core}/replay/scope.ts`,
        of: `at = at.shielded ? undefined : at.parent;`,
        into: `at = at.parent;`,
      },
    ],
  },
  {
    bug: 'the timer of a scope that has ended in time goes on',
    cuts: [{ file: `${core}/replay/structure.ts`, of: `run.dropTimer(timer?.task.id);`, into: `` }],
  },
  {
    bug: 'a signal goes to the newest of those who wait for it',
    cuts: [
      {
        file: `${core}/replay/waits.ts`,
        of: `for (const wait of this.#byId.values()) if (wait.kind === 'signal' && wait.name === name) return wait;\n    return undefined;`,
        into: `return [...this.#byId.values()].reverse().find((wait) => wait.kind === 'signal' && wait.name === name) as SignalWait | undefined;`,
      },
    ],
  },
  {
    bug: 'a saga takes back its oldest step first',
    cuts: [
      {
        file: `${core}/replay/structure.ts`,
        of: `for (let step = steps.pop(); step; step = steps.pop()) {`,
        into: `for (let step = steps.shift(); step; step = steps.shift()) {`,
      },
    ],
  },
  {
    bug: 'a cancellation reaches the undo steps of a saga',
    cuts: [
      {
        file: `${core}/replay/structure.ts`,
        of: `await nonCancellable(run, () => unwind(steps));`,
        into: `await scope(run, () => unwind(steps)) as unknown[];`,
      },
    ],
  },
  {
    bug: 'ctx.map goes on with the next item after one has failed',
    cuts: [
      {
        file: `${core}/replay/combinators.ts`,
        of: `        stopped = true;\n        throw error;`,
        into: `        if (next >= items.length) throw error;`,
      },
    ],
  },
  {
    bug: 'ctx.map begins all items at once',
    cuts: [
      {
        file: `${core}/replay/combinators.ts`,
        of: `Array.from({ length: Math.min(concurrency, items.length) }, lane);`,
        into: `Array.from({ length: items.length }, lane);`,
      },
    ],
  },
];
