import type { Board, View } from '../board.js';
import { Looking } from '../board.js';
import { DataTable } from '../data-table.js';
import { badge, button, h, moment } from '../dom.js';
import type { ActivityRow, EventRow, RunDetail, RunKey } from '../source.js';

/** One run: what there is to say about it, its activities, its whole history. */
export class DetailView implements View {
  readonly root: HTMLElement;
  readonly #board: Board;
  readonly #run: RunKey;
  readonly #heading: HTMLHeadingElement;
  readonly #fields = h('dl');
  readonly #activities: DataTable<ActivityRow>;
  readonly #history: DataTable<EventRow>;
  readonly #more: HTMLButtonElement;
  #events: readonly EventRow[] = [];
  #looking: Looking | undefined;
  #unwatch: () => void = () => undefined;

  constructor(board: Board, run: RunKey, close: () => void) {
    this.#board = board;
    this.#run = run;
    this.#heading = h('h2', { tabindex: '-1', id: 'detail' }, run.workflowId);
    this.#activities = new DataTable('Activities', ['Activity', 'State', 'Attempt', 'At', 'About'], {
      key: ({ activityId }) => activityId,
      cells: activityCells,
    });
    this.#history = new DataTable('History', ['#', 'At', 'Event', 'About'], {
      key: ({ seq }) => String(seq),
      cells: ({ seq, at, type, about }) => [String(seq), moment(at), type, text(about)],
    });
    this.#more = button('Show more events', () => board.attempt(() => this.#readOn()), { hidden: true });
    const head = h('header', { class: 'bar' }, this.#heading, button('Close', close));
    this.root = h(
      'section',
      { 'aria-labelledby': 'detail', class: 'detail' },
      head,
      this.#fields,
      h('div', { class: 'wide' }, this.#activities.root),
      h('div', { class: 'wide' }, this.#history.root),
      this.#more,
    );
    this.root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') close();
    });
  }

  show(): void {
    const looking = new Looking(this.#board, () => this.#look());
    this.#looking = looking;
    this.#unwatch = this.#board.source.watch({ kind: 'run', run: this.#run }, looking.again);
    looking.again();
  }

  hide(): void {
    this.#looking?.end();
    this.#unwatch();
  }

  focus(): void {
    this.#heading.focus();
  }

  async #look(): Promise<void> {
    const run = await this.#board.source.run(this.#run);
    this.#draw(run);
    if (this.#more.hidden) await this.#readOn();
  }

  #draw(run: RunDetail): void {
    const facts: readonly (readonly [string, Node | string])[] = [
      ['Type', run.workflowType],
      ['Status', badge(run.status)],
      ['Started', moment(run.startedAt)],
      ...run.fields,
    ];
    this.#fields.replaceChildren(
      ...facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
    );
    this.#activities.show(run.activities);
  }

  /** What was recorded since, up to a page; the rest waits for somebody to ask. */
  async #readOn(): Promise<void> {
    const { items, more } = await this.#board.source.history(this.#run, this.#events.at(-1)?.seq ?? 0);
    const last = this.#events.at(-1)?.seq ?? 0;
    this.#events = [...this.#events, ...items.filter(({ seq }) => seq > last)];
    this.#history.show(this.#events);
    this.#more.hidden = !more;
  }
}

export function activityCells({
  activityType,
  state,
  attempt,
  at,
  about,
}: ActivityRow): readonly (Node | string)[] {
  return [activityType, badge(state), String(attempt), moment(at), text(about)];
}

export function text(about: string): HTMLElement {
  return h('span', { class: 'about' }, about);
}
