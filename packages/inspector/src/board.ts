import type { InspectorSource } from './source.js';

/** What the views of one inspector share. */
export interface Board {
  readonly source: InspectorSource;
  /** Says something to people, screen readers included. */
  tell(text: string): void;
  /** Does what somebody asked for; where it fails, says why until the next such thing. */
  attempt(work: () => Promise<void>): void;
  /** Reads what is shown; where it fails, says so until it can be read again. */
  reading(work: () => Promise<void>): Promise<void>;
}

/** A part of the inspector that is shown or not. */
export interface View {
  readonly root: HTMLElement;
  /** Begins to watch what it shows. */
  show(): void;
  /** Watches nothing any more. */
  hide(): void;
}

/** Between two looks, however many changes there are: this, or four times what the last look took. Milliseconds. */
const restMs = 100;

/**
 * Looks again whenever something may have changed, one look at a time and with a rest between two; a look that is under
 * way when something changes is followed by another.
 */
export class Looking {
  readonly #look: () => Promise<void>;
  readonly #board: Board;
  #wanted = false;
  #busy = false;
  #over = false;

  constructor(board: Board, look: () => Promise<void>) {
    this.#board = board;
    this.#look = look;
  }

  readonly again = (): void => {
    this.#wanted = true;
    if (!this.#busy) void this.#run();
  };

  end(): void {
    this.#over = true;
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#wanted && !this.#over) {
      this.#wanted = false;
      const began = performance.now();
      await this.#board.reading(this.#look);
      const cost = performance.now() - began;
      await new Promise((rested) => setTimeout(rested, Math.max(restMs, 4 * cost)));
    }
    this.#busy = false;
  }
}
