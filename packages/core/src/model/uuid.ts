/** UUIDs of RFC 9562, from a source of 32-bit random numbers. */
export type RandomUint32 = () => number;

export function uuid4(random: RandomUint32): string {
  return format(random(), (random() & 0xffff0fff) | 0x4000, variant(random()), random());
}

/**
 * Makes version 7 ids: the first 48 bits are the time, so that they sort by when they were made. They grow strictly, also within one millisecond and when the clock steps back (RFC 9562 §6.2,
 * method 1: the twelve bits after the version are a counter).
 */
export class MonotonicUuid7 {
  #at = 0;
  #counter = 0;
  readonly #random: RandomUint32;

  constructor(random: RandomUint32) {
    this.#random = random;
  }

  next(now: number): string {
    if (now > this.#at) {
      this.#at = now;
      this.#counter = this.#random() & 0x7ff;
    } else if (++this.#counter > 0xfff) {
      this.#at += 1;
      this.#counter = 0;
    }
    const low = ((this.#at % 0x10000) << 16) | 0x7000 | this.#counter;
    return format(Math.floor(this.#at / 0x10000), low, variant(this.#random()), this.#random());
  }
}

function variant(word: number): number {
  return (word & 0x3fffffff) | 0x80000000;
}

function format(a: number, b: number, c: number, d: number): string {
  const [w, x, y, z] = [hex(a), hex(b), hex(c), hex(d)];
  return `${w}-${x.slice(0, 4)}-${x.slice(4)}-${y.slice(0, 4)}-${y.slice(4)}${z}`;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
