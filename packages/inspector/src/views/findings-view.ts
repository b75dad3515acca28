import type { Board, View } from '../board.js';
import { Looking } from '../board.js';
import { DataTable, type RowDrawing } from '../data-table.js';
import { button, form, h } from '../dom.js';
import type { Findings, RunKey } from '../source.js';

interface Search<T, F> extends RowDrawing<T> {
  readonly title: string;
  readonly header: readonly string[];
  /** Fields of the filter. */
  readonly fields: readonly HTMLElement[];
  filter(value: (name: string) => string): F;
  find(filter: F): Promise<Findings<T>>;
}

/** Rows that were searched for among the newest runs: activities, or events. */
export class FindingsView<T, F> implements View {
  readonly root: HTMLElement;
  readonly #board: Board;
  readonly #search: Search<T, F>;
  readonly #table: DataTable<T>;
  readonly #bound = h('p', { class: 'bound' });
  #filter: F;
  #looking: Looking | undefined;
  #unwatch: () => void = () => undefined;

  constructor(board: Board, search: Search<T, F>) {
    this.#board = board;
    this.#search = search;
    this.#filter = search.filter(() => '');
    this.#table = new DataTable(search.title, search.header, search);
    const filter = form(
      [...search.fields, h('button', {}, 'Filter')],
      (value) => {
        this.#filter = search.filter(value);
        this.#looking?.again();
      },
      { class: 'bar', 'aria-label': `Filter ${search.title.toLowerCase()}`, role: 'search' },
    );
    this.root = h(
      'section',
      { 'aria-label': search.title },
      filter,
      h('div', { class: 'wide' }, this.#table.root),
      this.#bound,
    );
  }

  show(): void {
    this.hide();
    const looking = new Looking(this.#board, () => this.#look());
    this.#looking = looking;
    this.#unwatch = this.#board.source.watch({ kind: 'events' }, looking.again);
    looking.again();
  }

  hide(): void {
    this.#looking?.end();
    this.#unwatch();
    this.#unwatch = () => undefined;
  }

  async #look(): Promise<void> {
    const { items, bound } = await this.#search.find(this.#filter);
    this.#table.show(items);
    this.#bound.textContent = bound;
  }
}

/** The workflow that a row belongs to, to be opened. */
export function owner(run: RunKey, open: (run: RunKey) => void): HTMLElement {
  return run.workflowId === ''
    ? h('span', {}, 'on its own')
    : button(run.workflowId, () => open(run), { class: 'link' });
}
