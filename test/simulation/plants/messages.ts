import { client, core, worker, type Cut, type Plant } from './plant.js';

const noSignalKey: Cut = {
  file: `${client}/signal.ts`,
  of: `...(key === undefined ? [] : [{ kind: 'key' as const, namespace, key, value: null }]),`,
  into: ``,
};

const noUpdateKey: Cut = {
  file: `${client}/update.ts`,
  of: `{ kind: 'key', namespace: core.namespace, key: updateKey(chain, updateId), value: null },`,
  into: ``,
};

/** What comes from outside: signals, updates, the inbox. */
export const messages: readonly Plant[] = [
  { bug: 'a signal with an id is accepted again', cuts: [noSignalKey] },
  {
    bug: 'a signal is applied whether or not the run has seen its id, and accepted again',
    cuts: [
      noSignalKey,
      {
        file: `${core}/replay/instance.ts`,
        of: `return !this.#messageIds.has(input.messageId);`,
        into: `return true;`,
      },
    ],
  },
  {
    bug: 'a signal does not wake the run in the commit that accepts it',
    cuts: [
      {
        file: `${client}/signal.ts`,
        of: `wakeUp(run, at),`,
        into: ``,
      },
    ],
  },
  { bug: 'an update with an id is accepted again', cuts: [noUpdateKey] },
  {
    bug: 'an update is applied whether or not the run has seen its id, and accepted again',
    cuts: [
      noUpdateKey,
      {
        file: `${core}/replay/updates.ts`,
        of: `if (this.#accepted.has(updateId)) return 'known';`,
        into: ``,
      },
    ],
  },
  {
    bug: 'a run ends over messages that it has not seen',
    cuts: [
      {
        file: `${worker}/commit-plan.ts`,
        of: `else expect.push({ kind: 'inbox-read', runId, through: unwritten.through });`,
        into: ``,
      },
    ],
  },
  {
    bug: 'a run goes to sleep over messages that came meanwhile',
    cuts: [
      {
        file: `${worker}/commit-plan.ts`,
        of: `if (!birth) plan.expect.push({ kind: 'inbox-read', runId, through: unwritten.through });`,
        into: ``,
      },
    ],
  },
  {
    bug: 'messages are taken newest first',
    cuts: [
      {
        file: `${worker}/owned-run.ts`,
        of: `for (const message of messages) {\n      if (message.position <= this.#read) continue;`,
        into: `for (const message of [...messages].reverse()) {\n      if (message.position <= this.#read) continue;`,
      },
    ],
  },
  {
    bug: 'requests of a run overtake each other',
    cuts: [
      {
        file: `${core}/runtime/outbox/outbox.ts`,
        of: `if (await this.#mustWait(errand)) return this.#postpone(errand.task);`,
        into: ``,
      },
    ],
  },
  {
    bug: 'a request is answered, and does nothing',
    cuts: [
      {
        file: `${core}/runtime/outbox/errand.ts`,
        of: `writes: [...effect.writes, ...(told?.writes ?? []), { kind: 'drop-task', taskId }],`,
        into: `writes: [...(effect.writes.length > 2 ? effect.writes : []), ...(told?.writes ?? []), { kind: 'drop-task', taskId }],`,
      },
    ],
  },
];
