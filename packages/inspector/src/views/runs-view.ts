import type { Board, View } from '../board.js';
import { Looking } from '../board.js';
import { DataTable } from '../data-table.js';
import { badge, button, choice, field, form, h, moment } from '../dom.js';
import type { RunKey, RunRow, RunsFilter } from '../source.js';
import { BulkBar } from './bulk-bar.js';

const statuses = [
  'pending',
  'running',
  'waiting',
  'blocked',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'timed_out',
];

/** Runs, newest first: filtered, searched, chosen, opened. */
export class RunsView implements View {
  readonly root: HTMLElement;
  readonly #board: Board;
  readonly #table: DataTable<RunRow>;
  readonly #bulk: BulkBar;
  readonly #more: HTMLButtonElement;
  readonly #all: HTMLInputElement;
  readonly #chosen = new Map<string, RunRow>();
  readonly #open: (run: RunKey) => void;
  #filter: RunsFilter = {};
  /** Pages shown; each look reads them all. */
  #pages = 1;
  #rows: readonly RunRow[] = [];
  #looking: Looking | undefined;
  #unwatch: () => void = () => undefined;

  constructor(board: Board, canAct: boolean, open: (run: RunKey) => void) {
    this.#board = board;
    this.#open = open;
    this.#bulk = new BulkBar(
      board,
      () => this.#chosenRuns(),
      () => this.#choose(false),
    );
    this.#all = h('input', { type: 'checkbox', 'aria-label': 'Choose all runs shown' });
    this.#all.addEventListener('change', () => this.#choose(this.#all.checked));
    const header = ['Workflow', 'Type', 'Status', 'Started', 'About'];
    this.#table = new DataTable('Runs', canAct ? [this.#all, ...header] : header, {
      key: ({ runId }) => runId,
      cells: (run) => [...(canAct ? [this.#box(run)] : []), ...this.#cells(run)],
    });
    this.#more = button(
      'Show more',
      () => {
        this.#pages += 1;
        this.#looking?.again();
      },
      { hidden: true },
    );
    this.root = h('section', { 'aria-label': 'Runs' }, this.#filterForm());
    if (canAct) this.root.append(this.#bulk.root);
    this.root.append(h('div', { class: 'wide' }, this.#table.root), this.#more);
  }

  show(): void {
    this.hide();
    const looking = new Looking(this.#board, () => this.#look());
    this.#looking = looking;
    this.#unwatch = this.#board.source.watch({ kind: 'runs', filter: this.#filter }, looking.again);
    looking.again();
  }

  hide(): void {
    this.#looking?.end();
    this.#unwatch();
    this.#unwatch = () => undefined;
  }

  #filterForm(): HTMLFormElement {
    const fields = [
      field('Workflow id begins with', 'search', { type: 'search' }),
      field('Type', 'workflowType'),
      choice('Status', 'status', statuses),
      field('Query', 'query', { placeholder: "FailureType = 'TypeError'", class: 'long' }),
      h('button', {}, 'Filter'),
    ];
    return form(
      fields,
      (value) => {
        this.#filter = {
          search: value('search'),
          workflowType: value('workflowType'),
          status: value('status'),
          query: value('query'),
        };
        this.#pages = 1;
        this.show();
      },
      { class: 'bar', 'aria-label': 'Filter runs', role: 'search' },
    );
  }

  async #look(): Promise<void> {
    const filter = this.#filter;
    const rows: RunRow[] = [];
    let next: string | null = null;
    for (let page = 0; page < this.#pages; page++) {
      const found = await this.#board.source.runs(next === null ? filter : { ...filter, pageToken: next });
      rows.push(...found.items);
      next = found.next;
      if (next === null) break;
    }
    if (filter !== this.#filter) return;
    this.#rows = rows;
    const shown = new Set(rows.map(({ runId }) => runId));
    for (const runId of this.#chosen.keys()) if (!shown.has(runId)) this.#chosen.delete(runId);
    this.#table.show(rows);
    this.#more.hidden = next === null;
    this.#count();
  }

  #cells(run: RunRow): readonly (Node | string)[] {
    const open = button(run.workflowId, () => this.#open(run), { class: 'link' });
    return [
      open,
      run.workflowType,
      badge(run.status),
      moment(run.startedAt),
      h('span', { class: 'about' }, run.about),
    ];
  }

  #box(run: RunRow): HTMLInputElement {
    const box = h('input', { type: 'checkbox', 'aria-label': `Choose ${run.workflowId}` });
    box.checked = this.#chosen.has(run.runId);
    box.addEventListener('change', () => {
      if (box.checked) this.#chosen.set(run.runId, run);
      else this.#chosen.delete(run.runId);
      this.#count();
    });
    return box;
  }

  #choose(all: boolean): void {
    this.#chosen.clear();
    if (all) for (const run of this.#rows) this.#chosen.set(run.runId, run);
    for (const box of this.#table.root.querySelectorAll<HTMLInputElement>('tbody input')) box.checked = all;
    this.#count();
  }

  #count(): void {
    this.#all.checked = this.#chosen.size > 0 && this.#chosen.size === this.#rows.length;
    this.#bulk.count(this.#chosen.size);
  }

  #chosenRuns(): readonly RunKey[] {
    return [...this.#chosen.values()].map(({ workflowId, runId }) => ({ workflowId, runId }));
  }
}
