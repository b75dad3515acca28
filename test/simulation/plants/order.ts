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
];
