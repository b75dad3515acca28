import type { Random } from './random.js';

/** A workflow program, as data: what `workflow.ts` does with a `ctx`, and what `oracle.ts` does without one. */
export type Part = Leaf | Branch;

export type Leaf =
  | {
      readonly kind: 'activity';
      readonly id: number;
      /** How often it fails before it succeeds. */
      readonly fails: number;
      readonly attempts: number;
      readonly ms: number;
      /** `hang`: it ends only where it is stopped. `beat`: it says now and then that it lives. */
      readonly mode: 'plain' | 'hang' | 'beat' | 'sync';
    }
  | { readonly kind: 'sleep'; readonly id: number; readonly ms: number }
  | { readonly kind: 'signal'; readonly id: number; readonly name: 's0' | 's1'; readonly ms: number }
  | { readonly kind: 'condition'; readonly id: number; readonly bumps: number; readonly ms: number }
  | { readonly kind: 'effect' | 'hop' | 'throw'; readonly id: number };

export type Branch =
  | {
      readonly kind: 'sequence' | 'all' | 'settled' | 'race' | 'any' | 'locked';
      readonly id: number;
      readonly parts: readonly Part[];
    }
  | {
      readonly kind: 'attempt' | 'finally' | 'patched';
      readonly id: number;
      readonly parts: readonly [Part, Part];
    }
  | {
      readonly kind: 'scope' | 'within';
      readonly id: number;
      readonly ms: number;
      readonly parts: readonly [Part];
    }
  | {
      readonly kind: 'shielded' | 'child' | 'left';
      readonly id: number;
      readonly parts: readonly [Part];
    };

/** Parts that are one task, which a race can cancel. */
export type Waiting = Extract<Part, { readonly kind: 'activity' | 'sleep' | 'signal' | 'condition' }>;

export function waits(part: Part): part is Waiting {
  const { kind } = part;
  return kind === 'activity' || kind === 'sleep' || kind === 'signal' || kind === 'condition';
}

export interface Program {
  readonly root: Part;
  /** How often it still goes on as a new run. */
  readonly rounds: number;
  /** It does not end when it is asked to cancel. */
  readonly stubborn: boolean;
}

const leaves = ['activity', 'activity', 'sleep', 'signal', 'condition', 'effect', 'hop', 'throw'] as const;
const branches = [
  ...['sequence', 'sequence', 'all', 'settled', 'race', 'any', 'attempt', 'finally', 'patched'],
  ...['scope', 'within', 'locked', 'locked', 'shielded', 'child', 'left'],
] as readonly Branch['kind'][];

/** Draws programs. Each seed leaves some kinds out, so that those that are left meet more often. */
export class Programs {
  readonly #random: Random;
  readonly #leaves: readonly Leaf['kind'][];
  readonly #branches: readonly Branch['kind'][];
  #ids = 0;
  /** Nobody waits for a lock that they hold. */
  #locked = false;

  constructor(random: Random) {
    this.#random = random;
    const some = <T>(all: readonly T[], always: T): T[] => [always, ...all.filter(() => random.chance(0.5))];
    this.#leaves = some(leaves, 'activity');
    this.#branches = some(branches, 'sequence');
  }

  draw(): Program {
    const root = this.#part(this.#random.between(1, 3), 1);
    const rounds = this.#random.chance(0.35) ? this.#random.between(1, 2) : 0;
    return { root, rounds, stubborn: this.#random.chance(0.5) };
  }

  #part(depth: number, most: number): Part {
    if (depth <= 0 || (most > 1 && this.#random.chance(0.45))) return this.#leaf();
    const kind = this.#random.pick(this.#branches);
    return this.#branch(kind === 'locked' && this.#locked ? 'sequence' : kind, depth - 1);
  }

  /** Moments within a program differ by the part that they belong to, so that each tells where it comes from. */
  #ms(id: number): number {
    return this.#random.pick([0, 10, 100, 700, 2_000]) + id;
  }

  #leaf(): Leaf {
    const random = this.#random;
    const id = ++this.#ids;
    const kind = random.pick(this.#leaves);
    switch (kind) {
      case 'activity': {
        const attempts = random.between(1, 3);
        return {
          ...{ kind, id, attempts, ms: random.pick([0, 0, 5, 60, 400]) },
          fails: random.chance(0.6) ? 0 : random.below(attempts + 3),
          mode: random.pick(['plain', 'plain', 'sync', 'beat', random.chance(0.4) ? 'hang' : 'plain']),
        };
      }
      case 'sleep':
        return { kind, id, ms: this.#ms(id) };
      case 'signal':
        return { kind, id, name: random.pick(['s0', 's1']), ms: this.#ms(id) };
      case 'condition':
        return { kind, id, bumps: random.below(4), ms: this.#ms(id) };
      case 'effect':
      case 'hop':
      case 'throw':
        return { kind, id };
    }
  }

  #branch(kind: Branch['kind'], depth: number): Branch {
    const id = ++this.#ids;
    const one = (): Part => this.#part(depth, 2);
    switch (kind) {
      case 'sequence':
      case 'all':
      case 'settled':
      case 'race':
      case 'any':
        return { kind, id, parts: Array.from({ length: this.#random.between(2, 3) }, one) };
      case 'attempt':
      case 'finally':
      case 'patched':
        return { kind, id, parts: [one(), one()] };
      case 'scope':
      case 'within':
        return { kind, id, ms: this.#ms(id), parts: [one()] };
      case 'locked': {
        this.#locked = true;
        const parts = Array.from({ length: this.#random.between(2, 4) }, one);
        this.#locked = false;
        return { kind, id, parts };
      }
      case 'shielded':
      case 'child':
      case 'left':
        return { kind, id, parts: [one()] };
    }
  }
}

/** A program in one line. */
export function show(part: Part): string {
  const { kind, id, ...rest } = part;
  if ('parts' in rest) {
    const of = 'ms' in rest ? `${rest.ms}: ` : '';
    return `${kind}#${id}(${of}${rest.parts.map(show).join(', ')})`;
  }
  const about = Object.values(rest);
  return `${kind}#${id}${about.length > 0 ? `[${about.join(' ')}]` : ''}`;
}

/** Smaller programs, the smallest first: a part in the place of the whole, a part left out, numbers made small. */
export function* smaller(part: Part): Generator<Part> {
  if (!('parts' in part)) {
    if (part.kind !== 'effect') yield { kind: 'effect', id: part.id };
    if (part.kind === 'activity' && (part.fails > 0 || part.ms > 0 || part.mode !== 'plain'))
      yield { ...part, fails: 0, ms: 0, mode: 'plain' };
    return;
  }
  yield* part.parts;
  const { parts } = part;
  if (parts.length > 1 && part.kind !== 'attempt' && part.kind !== 'finally' && part.kind !== 'patched')
    for (let i = 0; i < parts.length; i++) yield { ...part, parts: parts.filter((_, j) => j !== i) } as Part;
  for (let i = 0; i < parts.length; i++)
    for (const less of smaller(parts[i] as Part))
      yield { ...part, parts: parts.map((one, j) => (j === i ? less : one)) } as Part;
}
