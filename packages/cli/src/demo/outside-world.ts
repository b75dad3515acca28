import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A system outside that survives our crashes: it writes down each time it is asked, and does a thing once for each key,
 * as a payment service does with an idempotency key.
 */
export class OutsideWorld {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  do(effect: string, key: string): void {
    appendFileSync(join(this.#folder, 'asked'), `${effect}\n`);
    const done = join(this.#folder, `done-${key.replaceAll(/\W/g, '-')}`);
    if (!existsSync(done)) appendFileSync(join(this.#folder, 'done'), `${effect}\n`);
    writeFileSync(done, effect);
  }

  /** How often it was asked for an effect, and how often it did it. */
  count(effect: string): { readonly asked: number; readonly done: number } {
    return { asked: this.#lines('asked', effect), done: this.#lines('done', effect) };
  }

  #lines(name: string, effect: string): number {
    const file = join(this.#folder, name);
    if (!existsSync(file)) return 0;
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line === effect).length;
  }
}
