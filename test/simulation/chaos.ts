import type { Random } from './random.js';

/** What goes wrong in one simulation. Probabilities are for each call, each hint, each start of a process. */
export interface Chaos {
  /** Processes that work, and clients. */
  readonly workers: number;
  readonly clients: number;
  /** True time after which nothing goes wrong any more. Milliseconds from the start. */
  readonly lasts: number;
  /** How often a worker dies by itself, and dies just before or after a commit of its. */
  readonly crashes: number;
  readonly crashAtCommit: number;
  /** A death is noticed by the platform, and its leases end at once. */
  readonly deathNoticed: number;
  /** A call fails, and nothing has happened. */
  readonly busy: number;
  /** A commit finds no room. */
  readonly full: number;
  /** A commit is reported as of unknown outcome: applied, applied in part, or not at all. */
  readonly unknown: number;
  /** A process stands still for longer than its leases last. */
  readonly stall: number;
  readonly hintLost: number;
  readonly hintTwice: number;
  readonly hintLate: number;
  /** How far clocks are apart, and how far they jump. Milliseconds. */
  readonly skew: number;
  readonly jump: number;
  /** How often an engine is closed in good order and opened again. */
  readonly reopen: number;
  /** All workers are replaced by a new build after so long; undefined: never. */
  readonly upgradeAt: number | undefined;
  /** Runs that each worker keeps in memory; `always`: none beyond an activation. */
  readonly cached: readonly (number | 'always')[];
  readonly shadowReplay: boolean;
}

/** Each seed has some kinds of trouble and not others, so that each kind is also met alone. */
export function drawChaos(random: Random): Chaos {
  // One seed in seven is spared what makes work be done in vain, so that what was done can be counted.
  const spared = random.chance(0.15);
  const now = (most: number): number => (random.chance(0.4) ? most * random.next() : 0);
  const hard = (most: number): number => (spared ? 0 : now(most));
  return {
    workers: random.between(1, 3),
    clients: random.between(1, 2),
    lasts: random.pick([500, 4_000, 20_000, 100_000]),
    crashes: hard(6),
    crashAtCommit: hard(0.15),
    deathNoticed: random.pick([0, 0.5, 1]),
    busy: now(0.15),
    full: now(0.1),
    unknown: hard(0.15),
    stall: hard(random.pick([0.02, 0.02, 0.15])),
    hintLost: random.pick([0, 0, 0.3, 1]),
    hintTwice: now(0.2),
    hintLate: now(0.3),
    skew: random.chance(0.3) ? 5_000 : 0,
    jump: !spared && random.chance(0.15) ? 40_000 : 0,
    reopen: hard(3),
    upgradeAt: !spared && random.chance(0.3) ? random.between(5, 3_000) : undefined,
    cached: random.chance(0.5) ? [1_000] : [0, 1, 1_000, 'always'],
    shadowReplay: random.chance(0.1),
  };
}

/** Whether nothing can make an activity run that does not count: then its attempts are those that its policy allows. */
export function isExact({
  crashes,
  crashAtCommit,
  unknown,
  stall,
  reopen,
  upgradeAt,
  skew,
  jump,
}: Chaos): boolean {
  return crashes + crashAtCommit + unknown + stall + reopen + skew + jump === 0 && upgradeAt === undefined;
}
