// The order example in a page. Every tab is an engine: it shows what is committed, by whichever tab, and works too.
import { createEngine, type Engine } from '@perdure/core';
import { indexedDb } from '@perdure/indexeddb';
import {
  catchError,
  combineLatest,
  distinctUntilChanged,
  EMPTY,
  fromEvent,
  map,
  merge,
  scan,
  startWith,
  switchMap,
  tap,
  type Observable,
} from 'rxjs';
import { orderActivities } from './activities.js';
import type { Ledger } from './ledger.js';
import { pageLedger } from './page-ledger.js';
import {
  byId,
  showActivities,
  showHistory,
  showLedger,
  showNothing,
  showOrders,
  showProblem,
  showProgress,
  showRun,
} from './page-view.js';
import { narrator, type EventRow } from './words.js';
import { order } from './workflow.js';

/** The address names the order, so that a reload and a second tab show the same one. */
const chosen = (): string => decodeURIComponent(location.hash.slice(1));

function watchOrder(engine: Engine, ledger: Ledger, id: string): Observable<unknown> {
  const handle = engine.handle(order, id);
  const narrate = narrator();
  return merge(
    handle.state$.pipe(
      tap(showRun),
      switchMap(() => ledger.read(id)),
      tap(showLedger),
    ),
    handle.activities$.pipe(tap(showActivities)),
    handle.query$('progress').pipe(tap(showProgress)),
    handle.history$().pipe(
      scan((rows: readonly EventRow[], event) => [...rows, narrate(event)], []),
      tap(showHistory),
    ),
  );
}

function fail(error: unknown): void {
  showProblem(error instanceof Error ? error.message : String(error));
}

const told = (error: unknown): typeof EMPTY => {
  fail(error);
  return EMPTY;
};

function onClick(id: string, act: () => unknown): void {
  byId(id).addEventListener('click', () => {
    Promise.resolve().then(act).catch(fail);
  });
}

async function open(): Promise<void> {
  const ledger = await pageLedger('perdure-order-ledger');
  const engine = await createEngine({
    storage: indexedDb('perdure-order'),
    workflows: [order],
    activities: orderActivities(ledger),
  });

  const chosen$ = fromEvent(window, 'hashchange').pipe(
    startWith(undefined),
    map(chosen),
    distinctUntilChanged(),
  );
  chosen$
    .pipe(
      tap(showNothing),
      switchMap((id) => (id === '' ? EMPTY : watchOrder(engine, ledger, id).pipe(catchError(told)))),
    )
    .subscribe();
  combineLatest([engine.list$({ workflowType: order.name, pageSize: 12 }), chosen$]).subscribe({
    next: ([runs, id]) => showOrders(runs, id),
    error: fail,
  });
  engine.worker.status$.subscribe(({ state, activities }) => {
    byId('worker').textContent = `${state}, activities here: ${activities}`;
    if (state === 'failed')
      showProblem('The store was closed under this page or has been lost. Reload to go on.');
  });

  onClick('start', async () => {
    const id = `order-${Date.now().toString(36)}`;
    await engine.start(order, { item: 'lamp', quantity: 2, price: 45 }, { id });
    location.hash = encodeURIComponent(id);
  });
  onClick('approve', () => engine.handle(order, chosen()).signal('approve', { by: 'you' }));
  byId<HTMLButtonElement>('start').disabled = false;
}

onClick('reload', () => location.reload());
onClick('second', () => window.open(location.href, '_blank', 'noopener'));
open().catch(fail);
