import { worker, type Plant } from './plant.js';

/** How long runs may take, how often they are tried, and what of one the next one has. */
export const attempts: readonly Plant[] = [
  {
    bug: 'a run is not woken for its deadline',
    cuts: [
      {
        file: `${worker}/activation.ts`,
        of: `let next = Math.min(runDeadline, executionDeadline);`,
        into: `let next: EpochMs = NEVER;`,
      },
    ],
  },
  {
    bug: 'a run times out a moment early',
    cuts: [
      {
        file: `${worker}/activation.ts`,
        of: `started.runDeadline <= now) return 'run';`,
        into: `started.runDeadline <= now + 20) return 'run';`,
      },
    ],
  },
  {
    bug: 'a run is tried once more than its policy says',
    cuts: [
      {
        file: `${worker}/closing.ts`,
        of: `!mayRetry(retry, attempt, failure)) return undefined;`,
        into: `!mayRetry(retry, attempt - 1, failure)) return undefined;`,
      },
    ],
  },
  {
    bug: 'a run that was asked to cancel is tried again',
    cuts: [
      {
        file: `${worker}/closing.ts`,
        of: `instance.cancelRequest ? undefined : retryAt(`,
        into: `retryAt(`,
      },
    ],
  },
  {
    bug: 'another attempt has the memo of the start, not what was set since',
    cuts: [
      {
        file: `${worker}/next-run.ts`,
        of: `memo: memo ? encodeValue(memo) : await open(start.memo),`,
        into: `memo: await open(start.memo),`,
      },
    ],
  },
  {
    bug: 'lists do not hear of search attributes that code sets',
    cuts: [
      {
        file: `${worker}/run-body.ts`,
        of: `events.some(({ type }) => type === 'SearchAttributesUpserted');`,
        into: `false;`,
      },
    ],
  },
  {
    bug: 'nobody looks when an activity has taken too long in all',
    cuts: [
      {
        file: `${worker}/activation.ts`,
        of: `if (scheduleToClose !== undefined) next = Math.min(next, wait.scheduled.at + scheduleToClose);`,
        into: ``,
      },
    ],
  },
];
