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
      /** How long it may take in all, or with an odd number, wait to be begun. Milliseconds. */
      readonly within?: number;
      /**
       * `hang`: it ends only where it is stopped. `beat`: it says now and then that it lives. `later`: somebody else
       * completes it, by its token. `step`: its code is a closure of the workflow.
       */
      readonly mode: 'plain' | 'hang' | 'beat' | 'sync' | 'later' | 'step';
    }
  | { readonly kind: 'sleep'; readonly id: number; readonly ms: number }
  | { readonly kind: 'signal'; readonly id: number; readonly name: 's0' | 's1'; readonly ms: number }
  | { readonly kind: 'condition'; readonly id: number; readonly bumps: number; readonly ms: number }
  /** A signal to another workflow, or to itself. */
  | { readonly kind: 'tell'; readonly id: number; readonly to: string; readonly name: 's0' | 's1' | 'bump' }
  /** Another workflow is asked to cancel. */
  | { readonly kind: 'stop'; readonly id: number; readonly to: string }
  | { readonly kind: 'effect' | 'hop' | 'throw' | 'show'; readonly id: number };

export type Branch =
  | {
      readonly kind: 'sequence' | 'all' | 'settled' | 'race' | 'any' | 'locked';
      readonly id: number;
      readonly parts: readonly Part[];
    }
  /** Steps, each with what takes it back behind it. */
  | { readonly kind: 'saga'; readonly id: number; readonly parts: readonly Part[] }
  | { readonly kind: 'map'; readonly id: number; readonly atOnce: number; readonly parts: readonly Part[] }
  /** The way without the change, that of its first version, that of its second. */
  | { readonly kind: 'version'; readonly id: number; readonly parts: readonly [Part, Part, Part] }
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
  | { readonly kind: 'shielded'; readonly id: number; readonly parts: readonly [Part] }
  | {
      readonly kind: 'child' | 'left';
      readonly id: number;
      readonly parts: readonly [Part];
      /** A signal that is sent to it at once. */
      readonly say?: 's0' | 's1' | 'bump';
      readonly terms?: Terms;
    };

/** How long a workflow may take, and how often it is tried. Milliseconds. */
export interface Terms {
  readonly attempts?: number;
  readonly runTimeout?: number;
  readonly executionTimeout?: number;
}

const tasks = ['activity', 'sleep', 'signal', 'condition', 'tell', 'stop', 'map'] as const;
/** Parts that are one task, which a race can cancel. */
export type Waiting = Extract<Part, { readonly kind: (typeof tasks)[number] }>;

export function waits(part: Part): part is Waiting {
  return (tasks as readonly string[]).includes(part.kind);
}

export interface Program {
  readonly root: Part;
  /** How often it still goes on as a new run. */
  readonly rounds: number;
  /** It does not end when it is asked to cancel. */
  readonly stubborn: boolean;
  readonly terms?: Terms;
}

/** What a run of a program begins with. */
export interface Input extends Program {
  /** What the runs before this one have taken, to be shown by the last one. */
  readonly seen: readonly string[];
}

/** A program in one line. */
export function show(part: Part): string {
  const { kind, id, ...rest } = part;
  if ('parts' in rest) {
    const { parts, ...about } = rest;
    const of = Object.values(about).map((one) => (typeof one === 'object' ? JSON.stringify(one) : one));
    return `${kind}#${id}(${of.length > 0 ? `${of.join(' ')}: ` : ''}${parts.map(show).join(', ')})`;
  }
  const about = Object.values(rest);
  return `${kind}#${id}${about.length > 0 ? `[${about.join(' ')}]` : ''}`;
}

/** Smaller programs, the smallest first: a part in the place of the whole, a part left out, numbers made small. */
export function* smaller(part: Part): Generator<Part> {
  if (!('parts' in part)) {
    if (part.kind !== 'effect') yield { kind: 'effect', id: part.id };
    if (part.kind === 'activity' && (part.fails > 0 || part.ms > 0 || part.mode !== 'plain'))
      yield { kind: part.kind, id: part.id, attempts: part.attempts, fails: 0, ms: 0, mode: 'plain' };
    return;
  }
  yield* part.parts;
  const { parts } = part;
  if ('say' in part || 'terms' in part) yield { kind: part.kind, id: part.id, parts: part.parts };
  if (parts.length > 1 && !['attempt', 'finally', 'patched', 'version'].includes(part.kind))
    for (let i = 0; i < parts.length; i++) yield { ...part, parts: parts.filter((_, j) => j !== i) } as Part;
  for (let i = 0; i < parts.length; i++)
    for (const less of smaller(parts[i] as Part))
      yield { ...part, parts: parts.map((one, j) => (j === i ? less : one)) } as Part;
}

/** The part of that number. */
export function partOf(part: Part, id: number): Part | undefined {
  if (part.id === id) return part;
  if (!('parts' in part)) return undefined;
  for (const one of part.parts) {
    const found = partOf(one, id);
    if (found) return found;
  }
  return undefined;
}
