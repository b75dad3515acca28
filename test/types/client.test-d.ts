import {
  createClient,
  createEngine,
  defineActivity,
  defineWorkflow,
  isPerdureError,
  query,
  replay,
  signal,
  type,
  WorkflowFailedError,
  type Client,
  type Engine,
  type Failure,
  type HistoryBundle,
  type HistoryEvent,
  type Page,
  type PendingActivity,
  type RepairOutcome,
  type WorkflowDescription,
  type WorkflowHandle,
} from '@perdure/core';
import { memory } from '@perdure/memory';
import type { Observable } from 'rxjs';
import { expectTypeOf } from 'vitest';

interface Order {
  readonly sku: string;
}
const messages = {
  approve: signal<{ by: string }>(),
  stop: signal(),
  total: query<number>(),
  find: query<Order, string>(),
};
const order = defineWorkflow(
  'order',
  { messages, state: type<'open' | 'done'>(), searchAttributes: { total: 'int' } },
  async (_ctx, input: Order) => input.sku,
);
const tick = defineWorkflow('tick', async (ctx) => ctx.now());
const contract = defineWorkflow('contract', { input: type<number>(), output: type<string>() });
const charge = defineActivity('charge', async (_: Order) => 1);
const chargeContract = defineActivity('charge', { input: type<Order>(), output: type<number>() });

// ── opening

expectTypeOf(
  createEngine({ storage: memory(), workflows: [order, tick], activities: [charge] }),
).toEqualTypeOf<Promise<Engine>>();
expectTypeOf(createClient({ storage: memory() })).toEqualTypeOf<Promise<Client>>();
// @ts-expect-error a storage is made by an adapter
createEngine({ storage: 'app.db' });
// @ts-expect-error an engine needs code, not a contract
createEngine({ storage: memory(), workflows: [contract] });
// @ts-expect-error an engine needs code, not a contract
createEngine({ storage: memory(), activities: [chargeContract] });
// @ts-expect-error an activity is no workflow
createEngine({ storage: memory(), workflows: [charge] });
// @ts-expect-error a client runs nothing
createClient({ storage: memory(), workflows: [order] });

declare const client: Client;
declare const engine: Engine;
expectTypeOf(engine).toExtend<Client>();
expectTypeOf(engine.worker.id).toEqualTypeOf<string>();
engine.close({ grace: '5s' });

// ── starting

expectTypeOf(client.start(order, { sku: 'a' })).resolves.toExtend<
  WorkflowHandle<string, typeof messages, 'open' | 'done'>
>();
expectTypeOf(client.start(contract, 1)).resolves.toExtend<WorkflowHandle<string>>();
client.start(tick);
client.start(tick, undefined, {
  id: 't',
  duplicatePolicy: 'use_existing',
  startDelay: '5m',
  memo: { by: 'me' },
  priority: 0,
});
client.start('by-name', { any: 'thing' }, { id: 'x' });
expectTypeOf(
  client.execute(order, { sku: 'a' }, { timeout: '1m', requestId: 'r' }),
).resolves.toEqualTypeOf<string>();
expectTypeOf(client.execute(tick)).resolves.toEqualTypeOf<Date>();
// @ts-expect-error the input may not be left out
client.start(order);
// @ts-expect-error the input is an order
client.start(order, 'sku');
// @ts-expect-error options come third
client.start(tick, { id: 't' });
// @ts-expect-error no such policy
client.start(tick, undefined, { duplicatePolicy: 'replace' });
// @ts-expect-error no such option
client.start(order, { sku: 'a' }, { workflowId: 'x' });
// @ts-expect-error a wait has no place in start
client.start(order, { sku: 'a' }, { timeout: '1m' });
// @ts-expect-error an activity is no workflow
client.start(charge, { sku: 'a' });

// ── handles

const handle = client.handle(order, 'x');
expectTypeOf(handle.workflowId).toEqualTypeOf<string>();
expectTypeOf(handle.runId).toEqualTypeOf<string | undefined>();
expectTypeOf(handle.result()).resolves.toEqualTypeOf<string>();
handle.result({ timeout: 0, signal: new AbortController().signal });
expectTypeOf(handle.describe()).resolves.toEqualTypeOf<WorkflowDescription<'open' | 'done'>>();
handle.signal('approve', { by: 'me' }, { id: 'once' });
handle.signal('stop');
expectTypeOf(handle.query('total')).resolves.toEqualTypeOf<number>();
expectTypeOf(handle.query('find', 'sku')).resolves.toEqualTypeOf<Order>();
handle.cancel({ reason: 'why', cancelQueuedActivities: false });
handle.terminate('why');
expectTypeOf(handle.runs()).resolves.toEqualTypeOf<readonly WorkflowDescription<'open' | 'done'>[]>();
expectTypeOf(handle.history({ fromSeq: 3 })).toEqualTypeOf<AsyncIterable<HistoryEvent>>();
expectTypeOf(handle.exportHistory()).resolves.toEqualTypeOf<HistoryBundle>();
// @ts-expect-error the argument may not be left out
handle.signal('approve');
// @ts-expect-error the argument is an object
handle.signal('approve', 'me');
// @ts-expect-error this signal carries nothing
handle.signal('stop', 1);
// @ts-expect-error a query is no signal
handle.signal('total');
// @ts-expect-error no such signal
handle.signal('reject');
// @ts-expect-error a signal is no query
handle.query('approve');
// @ts-expect-error this query takes nothing
handle.query('total', 1);
// @ts-expect-error a wait limit is a duration
handle.result({ timeout: 'soon' });

const untyped = client.handle('x', 'run');
untyped.signal('anything', { any: 'thing' });
expectTypeOf(untyped.query('anything')).resolves.toEqualTypeOf<any>();
expectTypeOf(untyped.result()).resolves.toEqualTypeOf<any>();
const loose = client.handle(tick, 'x');
loose.signal('anything', 1);

// ── streams

expectTypeOf(handle.state$).toExtend<Observable<WorkflowDescription<'open' | 'done'>>>();
expectTypeOf(handle.state$).toExtend<AsyncIterable<WorkflowDescription<'open' | 'done'>>>();
expectTypeOf(handle.result$).toExtend<Observable<string>>();
expectTypeOf(handle.history$({ fromSeq: 1 })).toExtend<Observable<HistoryEvent>>();
expectTypeOf(handle.query$('total')).toExtend<Observable<number>>();
expectTypeOf(handle.query$('find', 'sku')).toExtend<Observable<Order>>();
expectTypeOf(handle.activities$).toExtend<Observable<readonly PendingActivity[]>>();
expectTypeOf(handle.snapshot()).toEqualTypeOf<WorkflowDescription<'open' | 'done'> | undefined>();
expectTypeOf(client.list$({ status: 'running' })).toExtend<Observable<readonly WorkflowDescription[]>>();
expectTypeOf(client.count$()).toExtend<Observable<number>>();
expectTypeOf(client.events$).toExtend<
  Observable<{ readonly workflowId: string; readonly runId: string; readonly event: HistoryEvent }>
>();
expectTypeOf(engine.worker.status$).toExtend<
  Observable<{ readonly state: 'starting' | 'running' | 'draining' | 'stopped' | 'failed' }>
>();
// @ts-expect-error a signal is no query
handle.query$('approve');
// @ts-expect-error this query takes nothing
handle.query$('total', 1);
// @ts-expect-error a stream is read
handle.state$ = handle.result$;

// ── lists

expectTypeOf(client.list()).resolves.toEqualTypeOf<Page<WorkflowDescription>>();
client.list({
  status: ['running', 'waiting'],
  statusBucket: 'running',
  startedAfter: new Date(),
  pageSize: 10,
  pageToken: null,
});
expectTypeOf(client.count({ workflowType: 'order' })).resolves.toEqualTypeOf<number>();
expectTypeOf(client.iterate({ allRuns: true })).toEqualTypeOf<AsyncIterable<WorkflowDescription>>();
// @ts-expect-error it is spelt with two l
client.list({ status: 'canceled' });
// @ts-expect-error no such filter
client.list({ type: 'order' });
// @ts-expect-error a token is for one page
client.iterate({ pageToken: 'x' });

// ── descriptions are read only

declare const description: WorkflowDescription<number>;
expectTypeOf(description.state).toEqualTypeOf<number | undefined>();
// @ts-expect-error a snapshot does not change
description.status = 'completed';
for (const wait of description.waitingFor) {
  if (wait.kind === 'timer') expectTypeOf(wait.dueAt).toEqualTypeOf<Date>();
  // @ts-expect-error a signal has no due time
  if (wait.kind === 'signal') wait.dueAt;
}

// ── replay and errors

declare const bundle: HistoryBundle;
expectTypeOf(replay([order, tick], bundle)).resolves.toExtend<{
  readonly output?: unknown;
  readonly failure?: Failure;
}>();
// @ts-expect-error a contract has no code to replay
replay([contract], bundle);
export function explain(error: unknown): string {
  if (error instanceof WorkflowFailedError) return error.failure.message;
  return isPerdureError(error) ? error.code : 'unknown';
}

// ── search

client.list({ query: "total > 10 AND Status = 'running'", archived: true });
client.searchAttributes.create('total', 'double');
expectTypeOf(client.searchAttributes.list()).resolves.toExtend<Readonly<Record<string, string>>>();
// @ts-expect-error there is no such type
client.searchAttributes.create('total', 'number');
// @ts-expect-error a query is text
client.list({ query: 5 });

// ── operations

handle.archive();
expectTypeOf(handle.repair()).resolves.toEqualTypeOf<RepairOutcome>();
client.batch({ status: 'running' }, { signal: 'stop', payload: 1 });
client
  .batch({}, { terminate: true, reason: 'why' })
  .subscribe(({ matched, done, failed }) => matched + done + failed);
// @ts-expect-error an action is needed
client.batch({});
// @ts-expect-error false is no action
client.batch({}, { cancel: false });

// ── the past, forks, imports

expectTypeOf(handle.fork({ seq: 3, id: 'again', reason: 'why' })).resolves.toExtend<
  WorkflowHandle<string, typeof messages, 'open' | 'done'>
>();
expectTypeOf(handle.at(3)).resolves.toExtend<{
  readonly description: WorkflowDescription<'open' | 'done'>;
}>();
handle.at(3).then((then) => {
  expectTypeOf(then.query('total')).toEqualTypeOf<number>();
  expectTypeOf(then.query('find', 'sku')).toEqualTypeOf<Order>();
  // @ts-expect-error a signal is no query
  then.query('approve');
});
// @ts-expect-error an event is named by its seq
handle.fork({ reason: 'why' });
handle.exportHistory({
  redact: (value, { seq, type, field }) => (field === 'input' ? `${seq}${type}` : value),
});
client.importHistory(bundle, { id: 'copy', takeOver: true });
// @ts-expect-error a bundle is no text
client.importHistory('{}');
