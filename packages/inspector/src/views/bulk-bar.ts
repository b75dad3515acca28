import type { Board } from '../board.js';
import { field, form, h } from '../dom.js';
import type { BulkOutcome, RunKey } from '../source.js';

/** Cancels or signals every run that is chosen. */
export class BulkBar {
  readonly root: HTMLElement;
  readonly #board: Board;
  readonly #chosen: () => readonly RunKey[];
  readonly #done: () => void;
  readonly #count: HTMLElement;
  readonly #buttons: readonly HTMLButtonElement[];

  constructor(board: Board, chosen: () => readonly RunKey[], done: () => void) {
    this.#board = board;
    this.#chosen = chosen;
    this.#done = done;
    this.#count = h('span', { class: 'count' });
    const cancel = h('button', {}, 'Cancel chosen runs');
    const signal = h('button', {}, 'Signal chosen runs');
    this.#buttons = [cancel, signal];
    const { source } = board;
    this.root = h(
      'div',
      { class: 'bar', role: 'group', 'aria-label': 'Chosen runs' },
      this.#count,
      form(
        [field('Reason', 'reason'), cancel],
        (value) => this.#act('asked to cancel', (runs) => source.cancel(runs, value('reason'))),
        { 'aria-label': 'Cancel chosen runs' },
      ),
      form(
        [
          field('Signal', 'name', { required: true }),
          field('JSON', 'input', { placeholder: '{"by":"Ada"}' }),
          signal,
        ],
        (value) => this.#act('signalled', (runs) => source.signal(runs, value('name'), value('input'))),
        { 'aria-label': 'Signal chosen runs' },
      ),
    );
    this.count(0);
  }

  count(chosen: number): void {
    this.#count.textContent = chosen === 0 ? 'No run chosen' : `${chosen} chosen`;
    for (const button of this.#buttons) button.disabled = chosen === 0;
  }

  #act(what: string, act: (runs: readonly RunKey[]) => Promise<BulkOutcome>): void {
    this.#board.attempt(async () => {
      const { done, failed } = await act(this.#chosen());
      const refusals = failed.map(({ workflowId, message }) => `${workflowId}: ${message}`);
      this.#board.tell(
        [`${done} ${what}`, ...(failed.length > 0 ? [`${failed.length} refused`] : []), ...refusals].join(
          '; ',
        ),
      );
      if (failed.length === 0) this.#done();
    });
  }
}
