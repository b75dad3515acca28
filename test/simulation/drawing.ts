import type { Branch, Leaf, Part, Program, Terms } from './program.js';
import type { Random } from './random.js';

const leaves = [
  ...['activity', 'activity', 'sleep', 'signal', 'condition', 'effect', 'hop', 'throw'],
  ...['tell', 'stop', 'show'],
] as readonly Leaf['kind'][];
const branches = [
  ...['sequence', 'sequence', 'all', 'settled', 'race', 'any', 'attempt', 'finally', 'patched'],
  ...['scope', 'within', 'locked', 'locked', 'shielded', 'child', 'left', 'saga', 'map', 'version'],
] as readonly Branch['kind'][];

const names = ['s0', 's1', 'bump'] as const;

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
    const terms = this.#terms();
    return { root, rounds, stubborn: this.#random.chance(0.5), ...(terms && { terms }) };
  }

  #terms(): Terms | undefined {
    const random = this.#random;
    if (!random.chance(0.4)) return undefined;
    const runTimeout = random.chance(0.3) ? random.pick([30, 300, 2_000]) : undefined;
    return {
      ...(random.chance(0.7) && { attempts: random.between(2, 3) }),
      ...(runTimeout !== undefined && { runTimeout }),
      ...(random.chance(0.2) && { executionTimeout: (runTimeout ?? 0) + random.pick([100, 1_000, 5_000]) }),
    };
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
        const mode = random.pick([
          ...(['plain', 'plain', 'sync', 'beat', 'beat', 'later', 'step'] as const),
          random.chance(0.4) ? ('hang' as const) : ('plain' as const),
        ]);
        const within =
          ['plain', 'sync', 'step'].includes(mode) && random.chance(0.2) ? random.pick([30, 300]) : undefined;
        return {
          ...{ kind, id, attempts, mode },
          ...(within !== undefined && { within }),
          ms: random.pick(mode === 'beat' ? [5, 400, 1_500] : [0, 0, 5, 60, 400]),
          fails: random.chance(0.6) ? 0 : random.below(attempts + 3),
        };
      }
      case 'sleep':
        return { kind, id, ms: this.#ms(id) };
      case 'signal':
        return { kind, id, name: random.pick(['s0', 's1']), ms: this.#ms(id) };
      case 'condition':
        return { kind, id, bumps: random.below(4), ms: this.#ms(id) };
      case 'tell':
        return { kind, id, to: this.#other(), name: random.pick(names) };
      case 'stop':
        return { kind, id, to: this.#other() };
      case 'effect':
      case 'hop':
      case 'throw':
      case 'show':
        return { kind, id };
    }
  }

  /** A workflow that may be there, or may be this one. */
  #other(): string {
    return this.#random.pick(['w0', 'w0', 'w1', 'nobody']);
  }

  /** Several who wait for one signal. */
  #queue(): Part[] {
    const name = this.#random.pick(['s0', 's1'] as const);
    return Array.from({ length: this.#random.between(2, 3) }, () => {
      const id = ++this.#ids;
      return { kind: 'signal' as const, id, name, ms: this.#random.pick([700, 2_000, 4_000]) + id };
    });
  }

  /** Steps of a saga with what takes each back; the last one may fail. */
  #steps(one: () => Part): Part[] {
    const steps = Array.from({ length: this.#random.between(1, 2) }, () => [one(), this.#leaf()]).flat();
    return this.#random.chance(0.5) ? [...steps, { kind: 'throw', id: ++this.#ids }] : steps;
  }

  #branch(kind: Branch['kind'], depth: number): Branch {
    const id = ++this.#ids;
    const one = (): Part => this.#part(depth, 2);
    const some = (): Part[] => Array.from({ length: this.#random.between(2, 3) }, one);
    switch (kind) {
      case 'all':
      case 'settled':
        if (this.#leaves.includes('signal') && this.#random.chance(0.4))
          return { kind, id, parts: this.#queue() };
        return { kind, id, parts: some() };
      case 'sequence':
      case 'race':
      case 'any':
        return { kind, id, parts: some() };
      case 'saga':
        return { kind, id, parts: this.#steps(one) };
      case 'map':
        return { kind, id, atOnce: this.#random.between(1, 3), parts: Array.from({ length: 4 }, one) };
      case 'version':
        return { kind, id, parts: [one(), one(), one()] };
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
        return { kind, id, parts: [one()] };
      case 'child':
      case 'left': {
        const terms = this.#terms();
        const parts = [one()] as const;
        const say = this.#random.chance(0.4) && this.#random.pick(names);
        return { kind, id, parts, ...(say && { say }), ...(terms && { terms }) };
      }
    }
  }
}
