import { core, worker, type Cut, type Plant } from './plant.js';

const noRunToken: Cut = {
  file: `${worker}/commit-plan.ts`,
  of: `: [{ kind: 'token', taskId: task.taskId, token: task.token }];`,
  into: `: [];`,
};

const noHeadCheck: Cut = {
  file: `${core}/storage/refusal.ts`,
  of: `return head.seq === write.fromSeq ? null : 'run-moved';`,
  into: `return null;`,
};

/** Leases, tokens and the head of a run: who may write what. Where two guards hide each other, each is also taken away with the other one off. */
export const leases: readonly Plant[] = [
  { bug: 'a run is written without its token', cuts: [noRunToken] },
  {
    bug: 'a run is written without a look at its head, and without its token',
    cuts: [noHeadCheck, noRunToken],
  },
  {
    bug: 'the store takes any token',
    cuts: [
      {
        file: `${core}/storage/refusal.ts`,
        of: `return facts.token(expectation.taskId) === expectation.token;`,
        into: `return facts.token(expectation.taskId) !== undefined;`,
      },
    ],
  },
  {
    bug: 'a claim does not make the token grow',
    cuts: [
      { file: 'adapters/memory/src/tasks.ts', of: `token: task.token + 1,`, into: `token: task.token,` },
    ],
  },
  {
    bug: 'a claim takes what is leased to another worker',
    cuts: [
      {
        file: 'adapters/memory/src/lane.ts',
        of: `if (leaseUntil > visibleAt) this.#addLeased(slot);\n    else this.#addVisible(slot);`,
        into: `this.#addVisible(slot);`,
      },
      {
        file: 'adapters/memory/src/lane.ts',
        of: `slot.task.visibleAt <= now && slot.task.leaseUntil > now) {`,
        into: `slot.task.visibleAt > Infinity) {`,
      },
    ],
  },
];
