import { h } from './dom.js';

/** How one row is drawn: once, and again only when what it shows is another. */
export interface RowDrawing<T> {
  key(item: T): string;
  cells(item: T): readonly (Node | string)[];
}

/**
 * A table that is brought up to date row by row: what has not changed is left alone, so that focus, selection and the
 * place of a screen reader stay where they are.
 */
export class DataTable<T> {
  readonly root: HTMLTableElement;
  readonly #body = h('tbody');
  readonly #empty: HTMLTableCaptionElement;
  readonly #caption: string;
  readonly #drawing: RowDrawing<T>;
  readonly #rows = new Map<string, { readonly shown: string; readonly row: HTMLTableRowElement }>();

  constructor(caption: string, header: readonly (Node | string)[], drawing: RowDrawing<T>) {
    this.#caption = caption;
    this.#drawing = drawing;
    this.#empty = h('caption', {}, caption);
    const titles = header.map((title) => h('th', { scope: 'col' }, title));
    this.root = h('table', {}, this.#empty, h('thead', {}, h('tr', {}, ...titles)), this.#body);
  }

  show(items: readonly T[]): void {
    const before = new Map(this.#rows);
    this.#rows.clear();
    const rows = items.map((item) => {
      const key = this.#drawing.key(item);
      const shown = JSON.stringify(item);
      const known = before.get(key);
      const row = known?.shown === shown ? known.row : this.#drawn(item);
      this.#rows.set(key, { shown, row });
      return row;
    });
    this.#empty.textContent = items.length === 0 ? `${this.#caption}: none` : this.#caption;
    this.#place(rows);
  }

  /** Only rows that are not in their place are moved: a row that is moved loses its focus. */
  #place(rows: readonly HTMLTableRowElement[]): void {
    const wanted = new Set<Element>(rows);
    for (const row of [...this.#body.children]) if (!wanted.has(row)) row.remove();
    rows.forEach((row, index) => {
      const there = this.#body.children[index];
      if (there !== row) this.#body.insertBefore(row, there ?? null);
    });
  }

  #drawn(item: T): HTMLTableRowElement {
    return h('tr', {}, ...this.#drawing.cells(item).map((cell) => h('td', {}, cell)));
  }
}
