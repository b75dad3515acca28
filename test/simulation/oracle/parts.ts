import { waits, type Part, type Waiting } from '../program.js';
import type { Drains } from './drains.js';
import type { Expected } from './expected.js';
import { mapped } from './mapped.js';
import { isCancelled, openScope, type Done, type Outcome, type Scope } from './scope.js';
import type { Waits } from './waits.js';

/** What parts look at while they run. */
export interface Seen {
  readonly bumps: number;
}

type Timed = Extract<Part, { readonly kind: 'scope' | 'within' }>;

/** Does the parts of a program: each is begun, and calls back once. */
export class Parts {
  readonly #expected: Expected;
  readonly #drains: Drains;
  readonly #waits: Waits;
  readonly #seen: Seen;
  #locked = false;

  constructor(expected: Expected, drains: Drains, waits: Waits, seen: Seen) {
    this.#expected = expected;
    this.#drains = drains;
    this.#waits = waits;
    this.#seen = seen;
  }

  /** Begins a part; what comes back cancels it, where it is one task. */
  begin(part: Part, scope: Scope, done: Done): () => void {
    if (waits(part)) return this.#task(part, scope, done);
    this.#branch(part, scope, done);
    return () => undefined;
  }

  #task(part: Waiting, scope: Scope, done: Done): () => void {
    switch (part.kind) {
      case 'activity':
        return this.#waits.activity(part, scope, done);
      case 'sleep':
        return this.#waits.sleep(scope, part.ms, done);
      case 'signal':
        return this.#waits.signal(part.name, part.ms, scope, done);
      case 'condition':
        return this.#waits.condition(scope, () => this.#seen.bumps >= part.bumps, part.ms, done);
      case 'tell':
        return this.#waits.request({ part: part.id, to: part.to, name: part.name }, scope, done);
      case 'stop':
        return this.#waits.request({ part: part.id, to: part.to }, scope, done);
      case 'map':
        return mapped(part, (one, end) => this.begin(one, scope, end), this.#drains, this.#expected, done);
    }
  }

  #branch(part: Exclude<Part, Waiting>, scope: Scope, done: Done): void {
    switch (part.kind) {
      case 'show':
        this.#expected.take({ type: 'MemoUpserted', part: part.id });
        this.#expected.take({ type: 'SearchAttributesUpserted', part: part.id });
        this.#waits.sleep(scope, part.id, (outcome) => {
          done('error' in outcome ? outcome : { value: 'shown' });
        });
        return;
      case 'throw':
        return done({ error: `!thrown ${part.id}` });
      case 'hop':
        // What was drawn is not known here: which of the two it led to is read off.
        return this.#oneWay(scope, this.#expected.drawn(), done, 'hop');
      case 'effect': {
        const ms = this.#expected.effect();
        return this.#oneWay(scope, ms, done, ms);
      }
      case 'sequence':
        return this.#sequence(part.parts, scope, [], done);
      case 'all':
        return this.#all(part.parts, done, (one, end) => this.begin(one, scope, end));
      case 'locked':
        return this.#all(part.parts, done, (one, end) => {
          this.#inside(one, scope, end);
        });
      case 'settled':
        return this.#settled(part.parts, scope, done);
      case 'race':
      case 'any':
        return this.#first(part.parts, scope, done, part.kind === 'any');
      case 'attempt':
        this.begin(part.parts[0], scope, (outcome) => {
          if (!('error' in outcome)) return done(outcome);
          this.begin(part.parts[1], scope, (other) => {
            done('error' in other ? other : { value: [outcome.error, other.value] });
          });
        });
        return;
      case 'finally':
        this.begin(part.parts[0], scope, (outcome) => {
          this.#shielded(part.parts[1], scope, (after) => {
            done('error' in after ? after : outcome);
          });
        });
        return;
      case 'patched':
        this.begin(part.parts[this.#expected.version(`c${part.id}`) > 0 ? 1 : 0], scope, done);
        return;
      case 'version': {
        const version = this.#expected.version(`v${part.id}`);
        this.begin(part.parts[Math.max(0, version)] as Part, scope, (outcome) => {
          done('error' in outcome ? outcome : { value: [version, outcome.value, version] });
        });
        return;
      }
      case 'saga':
        return this.#saga(part.parts, scope, done);
      case 'scope':
        return this.#scope(part, scope, done);
      case 'within':
        return this.#timeout(part, scope, done);
      case 'shielded':
        return this.#shielded(part.parts[0], scope, done);
      case 'child':
      case 'left':
        return this.#child(part, scope, done);
    }
  }

  #oneWay(scope: Scope, ms: number, done: Done, value: unknown): void {
    const end: Done = (outcome) => {
      done('error' in outcome ? outcome : { value });
    };
    if (ms % 2 === 0) this.#waits.sleep(scope, ms, end);
    else this.#waits.condition(scope, () => false, ms, end);
  }

  #sequence(parts: readonly Part[], scope: Scope, values: readonly unknown[], done: Done): void {
    const [first, ...rest] = parts;
    if (!first) return done({ value: values });
    this.begin(first, scope, (outcome) => {
      if ('error' in outcome) done(outcome);
      else this.#sequence(rest, scope, [...values, outcome.value], done);
    });
  }

  #all<T>(parts: readonly T[], done: Done, begin: (part: T, end: Done) => unknown): void {
    const values: unknown[] = [];
    let left = parts.length;
    let failed: { readonly error: string; readonly turn: number } | undefined;
    parts.forEach((one, i) => {
      begin(one, (outcome) => {
        left -= 1;
        if (failed) {
          if ('error' in outcome && outcome.error !== failed.error && failed.turn === this.#drains.turn)
            this.#expected.undecided = true;
        } else if ('error' in outcome) {
          failed = { error: outcome.error, turn: this.#drains.turn };
          done(outcome);
        } else {
          values[i] = outcome.value;
          if (left === 0) done({ value: values });
        }
      });
    });
  }

  #settled(parts: readonly Part[], scope: Scope, done: Done): void {
    const values: unknown[] = [];
    let left = parts.length;
    parts.forEach((one, i) => {
      this.begin(one, scope, (outcome) => {
        values[i] = 'error' in outcome ? outcome.error : outcome.value;
        left -= 1;
        if (left === 0) done({ value: values });
      });
    });
  }

  /** The first to end, or the first to succeed; the others are cancelled, where they are single tasks. */
  #first(parts: readonly Part[], scope: Scope, done: Done, toSucceed: boolean): void {
    const cancels: (() => void)[] = [];
    let left = parts.length;
    let over: number | undefined;
    let cancelling = false;
    const cancelAll = (): void => {
      cancelling = true;
      for (const cancel of cancels) cancel();
      cancelling = false;
    };
    const end = (outcome: Outcome): void => {
      over = this.#drains.turn;
      // Where all of them are cancelled together, the others end in this very turn, and otherwise.
      const together = isCancelled(scope) && left > 0;
      if (together && !('error' in outcome && outcome.error === '!cancelled'))
        this.#expected.undecided = true;
      // Losers are cancelled once all of them have begun.
      if (cancels.length === parts.length) cancelAll();
      done(outcome);
    };
    parts.forEach((one, i) => {
      const ended: Done = (outcome) => {
        left -= 1;
        const ends = !toSucceed || !('error' in outcome);
        if (over !== undefined) {
          if (ends && over === this.#drains.turn && !cancelling) this.#expected.undecided = true;
        } else if (ends) end('error' in outcome || toSucceed ? outcome : { value: [i, outcome.value] });
        else if (left === 0) end({ error: '!aggregate' });
      };
      cancels.push(this.begin(one, scope, ended));
    });
    if (over !== undefined) cancelAll();
  }

  #inside(part: Part, scope: Scope, done: Done): void {
    const free = (): boolean => !this.#locked;
    this.#waits.condition(scope, free, undefined, (outcome) => {
      if ('error' in outcome) return done(outcome);
      this.#locked = true;
      this.begin(part, scope, (end) => {
        this.#locked = false;
        done(end);
      });
    });
  }

  // ── scopes ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whoever waits for a scope goes on in a drain of its own. */
  open(parent: Scope, shielded: boolean, done: Done): { readonly scope: Scope; readonly end: Done } {
    this.#drains.crowded = true;
    const scope = openScope(parent, shielded);
    const end: Done = (outcome) => {
      scope.ended = true;
      this.#drains.setAside(() => {
        done(outcome);
      });
    };
    return { scope, end };
  }

  /** A child, and where it is sent a signal at once, both. */
  #child({ id, kind, say }: Extract<Part, { kind: 'child' | 'left' }>, scope: Scope, done: Done): void {
    const child = (end: Done): string => this.#waits.child(id, kind === 'left', scope, end);
    if (!say) {
      child(done);
      return;
    }
    let childId = '';
    const both = [
      (end: Done) => (childId = child(end)),
      (end: Done) => this.#waits.request({ part: id, name: say, childId }, scope, end),
    ];
    this.#all(both, done, (begin, end) => begin(end));
  }

  /** What fails is taken back step by step, the newest first, whatever is cancelled. */
  #saga(parts: readonly Part[], parent: Scope, done: Done): void {
    const { scope, end } = this.open(parent, false, done);
    const undos: Part[] = [];
    const values: unknown[] = [];
    const failures: string[] = [];
    const goOn = (i: number): void => {
      const step = parts[i];
      if (!step) return end({ value: values });
      this.begin(step, scope, (outcome) => {
        if ('error' in outcome) return takeBack(outcome);
        values.push(outcome.value);
        const undo = parts[i + 1];
        if (undo) undos.push(undo);
        goOn(i + 2);
      });
    };
    const takeBack = (outcome: Outcome): void => {
      const inner = this.open(scope, true, () => {
        end(failures.length === 0 ? outcome : { error: '!aggregate' });
      });
      const next = (): void => {
        const undo = undos.pop();
        if (!undo) return inner.end({ value: null });
        this.begin(undo, inner.scope, (outcome) => {
          if ('error' in outcome) failures.push(outcome.error);
          next();
        });
      };
      next();
    };
    goOn(0);
  }

  #shielded(part: Part, parent: Scope, done: Done): void {
    const { scope, end } = this.open(parent, true, done);
    this.begin(part, scope, end);
  }

  #scope({ ms, parts }: Timed, parent: Scope, done: Done): void {
    const { scope, end } = this.open(parent, false, done);
    this.#waits.sleep(scope, ms, (outcome) => {
      if (!('error' in outcome)) this.#waits.cancel(scope);
    });
    this.begin(parts[0], scope, end);
  }

  #timeout({ ms, parts }: Timed, parent: Scope, done: Done): void {
    const { scope, end } = this.open(parent, false, done);
    let late = false;
    const drop = isCancelled(scope)
      ? () => undefined
      : this.#waits.timer(scope, 'scope', ms, (outcome) => {
          if ('error' in outcome) return;
          late = true;
          this.#waits.cancel(scope);
        });
    this.begin(parts[0], scope, (outcome) => {
      drop();
      end(late ? { error: '!scope_timeout' } : outcome);
    });
  }
}
