import type { Board, View } from './board.js';
import { button, h } from './dom.js';
import type { InspectorAbout, InspectorSource, RunKey } from './source.js';
import { style } from './style.js';
import { DetailView } from './views/detail-view.js';
import { RunsView } from './views/runs-view.js';
import { activitiesView, eventsView } from './views/searches.js';
import { startForm } from './views/start-form.js';

/** `<perdure-inspector>`: shows and steers what its source knows. */
export interface PerdureInspector extends HTMLElement {
  /** Where it gets what it shows. Nothing is read while it is not in a document. */
  source: InspectorSource | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    'perdure-inspector': PerdureInspector;
  }
}

/**
 * Defines `<perdure-inspector>` in this page; once is enough, more does no harm. Importing this package does nothing, and
 * fails nowhere: only here a document is needed.
 */
export function defineInspector(): void {
  if (customElements.get('perdure-inspector') === undefined)
    customElements.define('perdure-inspector', inspectorClass());
}

function inspectorClass(): CustomElementConstructor {
  return class extends HTMLElement implements PerdureInspector {
    #source: InspectorSource | undefined;
    #shown: Shown | undefined;

    get source(): InspectorSource | undefined {
      return this.#source;
    }
    set source(source: InspectorSource | undefined) {
      this.#source = source;
      if (this.isConnected) this.connectedCallback();
    }

    connectedCallback(): void {
      const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
      this.#shown?.end();
      this.#shown = this.#source && new Shown(root, this.#source);
    }

    disconnectedCallback(): void {
      this.#shown?.end();
      this.#shown = undefined;
    }
  };
}

/** One source in one place. */
class Shown {
  readonly #told = h('p', { class: 'told', role: 'status' });
  readonly #problem = h('p', { class: 'problem', role: 'alert' });
  readonly #unread = h('p', { class: 'problem', role: 'alert' });
  readonly #main = h('main');
  readonly #board: Board;
  #view: View | undefined;
  #detail: DetailView | undefined;
  #over = false;

  constructor(root: ShadowRoot, source: InspectorSource) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    root.replaceChildren(this.#main);
    this.#main.append(this.#unread);
    this.#board = {
      source,
      tell: (text) => {
        this.#told.textContent = text;
      },
      attempt: (work) => void this.#during(this.#problem, work),
      reading: (work) => this.#during(this.#unread, work),
    };
    void this.#board.reading(async () => {
      const about = await source.about();
      if (!this.#over) this.#begin(root, about);
    });
  }

  end(): void {
    this.#over = true;
    this.#view?.hide();
    this.#detail?.hide();
  }

  #begin(root: ShadowRoot, { title, canAct, workflows, freshness }: InspectorAbout): void {
    const open = (run: RunKey): void => this.#open(run);
    const runs = new RunsView(this.#board, canAct, open);
    const views: readonly (readonly [string, View])[] = [
      ['Runs', runs],
      ['Activities', activitiesView(this.#board, open)],
      ['Events', eventsView(this.#board, open)],
    ];
    const tabs = views.map(([name, view]) => button(name, () => show(view)));
    const show = (chosen: View): void => {
      this.#view?.hide();
      this.#view?.root.remove();
      this.#view = chosen;
      tabs.forEach((tab, i) => {
        if (views[i]?.[1] === chosen) tab.setAttribute('aria-current', 'page');
        else tab.removeAttribute('aria-current');
      });
      this.#unread.after(chosen.root);
      chosen.show();
    };
    const top = h(
      'header',
      { class: 'top' },
      h('h1', {}, title),
      h('nav', { 'aria-label': 'Views' }, ...tabs),
    );
    top.append(h('span', {}, freshness));
    root.replaceChildren(top, this.#main);
    this.#main.replaceChildren(this.#told, this.#problem, this.#unread);
    if (canAct) this.#main.prepend(startForm(this.#board, workflows, open));
    show(runs);
  }

  #open(run: RunKey): void {
    this.#close();
    const before = this.#main.getRootNode() as ShadowRoot;
    const focused = before.activeElement;
    this.#detail = new DetailView(this.#board, run, () => {
      this.#close();
      if (focused instanceof HTMLElement) focused.focus();
    });
    this.#main.append(this.#detail.root);
    this.#detail.show();
    this.#detail.focus();
  }

  #close(): void {
    this.#detail?.hide();
    this.#detail?.root.remove();
    this.#detail = undefined;
  }

  async #during(place: HTMLElement, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      place.textContent = '';
    } catch (error) {
      if (!this.#over) place.textContent = error instanceof Error ? error.message : String(error);
    }
  }
}
