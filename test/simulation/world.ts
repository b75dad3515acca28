import { nextTick } from 'node:process';
import { Random } from './random.js';

/** Something that will happen. Nothing happens in a simulation but steps, one at a time. */
interface Step {
  at: number;
  readonly order: number;
  /** Whose step it is: gone with it, and not before it is awake. */
  readonly of: Host | undefined;
  /** Undefined once it was called off. */
  act: (() => void) | undefined;
}

/** Whoever steps belong to: a process. */
export interface Host {
  readonly alive: boolean;
  /** A process that is stopped for a while does nothing before this. */
  readonly asleepUntil: number;
}

/**
 * Virtual time, and one queue of all that is going to happen in it. The seed draws how long everything takes, so it
 * draws the order of everything: the same seed makes the same steps in the same order. Between two steps the microtask
 * queue runs empty, so that a step has gone as far as it can before the next begins.
 */
export class World {
  /** True time, which no process knows. Milliseconds; steps take none. */
  now: number;
  steps = 0;
  readonly #random: Random;
  readonly #queue: Step[] = [];
  #order = 0;

  constructor(seed: number, startAt: number) {
    this.#random = Random.of(seed, 'world');
    this.now = startAt;
  }

  /** Calls `act` after so many milliseconds; the function that is returned calls it off. */
  after(ms: number, of: Host | undefined, act: () => void): () => void {
    const step: Step = { at: this.now + ms, order: ++this.#order, of, act };
    this.#push(step);
    return () => {
      step.act = undefined;
    };
  }

  /** How long something small takes: mostly little, now and then a lot. Milliseconds. */
  latency(): number {
    const drawn = this.#random.next();
    return drawn < 0.97 ? drawn * 3 : this.#random.next() * 120;
  }

  /** Steps until `done`, or until nothing is left to happen; rejects with what a step throws. */
  run(done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          if (done() || !this.#step()) resolve();
          else void settled.then(whenDrained);
        } catch (error) {
          reject(error);
        }
      };
      const whenDrained = (): void => {
        nextTick(turn);
      };
      turn();
    });
  }

  /** Does the next step; false where there is none. */
  #step(): boolean {
    for (;;) {
      const step = this.#pop();
      if (!step) return false;
      const { act, of } = step;
      if (!act || of?.alive === false) continue;
      if (of && of.asleepUntil > step.at) {
        step.at = of.asleepUntil;
        this.#push(step);
        continue;
      }
      this.now = step.at;
      this.steps += 1;
      step.act = undefined;
      act();
      return true;
    }
  }

  #push(step: Step): void {
    const queue = this.#queue;
    let i = queue.push(step) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (before(queue[parent] as Step, step)) break;
      queue[i] = queue[parent] as Step;
      i = parent;
    }
    queue[i] = step;
  }

  #pop(): Step | undefined {
    const queue = this.#queue;
    const first = queue[0];
    const last = queue.pop();
    if (!first || !last || queue.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && before(queue[child + 1] as Step, queue[child] as Step)) child += 1;
      if (before(last, queue[child] as Step)) break;
      queue[i] = queue[child] as Step;
      i = child;
    }
    queue[i] = last;
    return first;
  }
}

function before(a: Step, b: Step): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

const settled = Promise.resolve();
