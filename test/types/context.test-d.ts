import {
  defineActivity,
  defineWorkflow,
  query,
  signal,
  type,
  type Task,
  type WorkflowContext,
} from '@perdure/core';
import { expectTypeOf } from 'vitest';

interface Order {
  readonly sku: string;
}
const reserve = defineActivity('reserve', async (order: Order) => order.sku.length);
const ping = defineActivity('ping', async (_: void) => 'pong' as const);
const maybe = defineActivity('maybe', async (name: string | undefined) => name ?? 'nobody');
const remote = defineActivity('remote', { input: type<number>(), output: type<Date>() });

const shipment = defineWorkflow(
  'shipment',
  { messages: { track: signal<string>() }, retry: { maximumAttempts: 2 } },
  async (_ctx, _order: Order) => new Date(),
);
const nothing = defineWorkflow('nothing', async () => undefined);
const contract = defineWorkflow('contract', { input: type<number>(), output: type<string>() });

const messages = {
  approve: signal<{ by: string }>(),
  stop: signal(),
  total: query<number>(),
  find: query<Order, string>(),
};

defineWorkflow('work', { messages, state: type<number>() }, async (ctx, order: Order) => {
  // work
  expectTypeOf(ctx.runActivity(reserve, order)).toEqualTypeOf<Task<number>>();
  expectTypeOf(ctx.runActivity(ping)).toEqualTypeOf<Task<'pong'>>();
  expectTypeOf(ctx.runActivity(ping, undefined, { priority: 0 })).toEqualTypeOf<Task<'pong'>>();
  expectTypeOf(ctx.runActivity(maybe)).toEqualTypeOf<Task<string>>();
  expectTypeOf(ctx.runActivity(remote, 3)).toEqualTypeOf<Task<Date>>();
  expectTypeOf(ctx.runActivity('by-name', { any: 'thing' })).toEqualTypeOf<Task<any>>();
  // @ts-expect-error the input is an order
  ctx.runActivity(reserve, 'sku');
  // @ts-expect-error the input may not be left out
  ctx.runActivity(reserve);
  // @ts-expect-error options come third
  ctx.runActivity(ping, { priority: 0 });
  // @ts-expect-error no such option
  ctx.runActivity(reserve, order, { retries: 3 });

  const act = ctx.activities({ reserve, ping, remote }, { startToCloseTimeout: '1m' });
  expectTypeOf(act.reserve(order)).toEqualTypeOf<Task<number>>();
  expectTypeOf(act.ping()).toEqualTypeOf<Task<'pong'>>();
  expectTypeOf(act.remote(1, { priority: 2 })).toEqualTypeOf<Task<Date>>();
  // @ts-expect-error the input is a number
  act.remote('1');
  // @ts-expect-error no such activity
  act.release(order);

  expectTypeOf(ctx.step('look', async (step) => step.info.attempt)).toEqualTypeOf<Task<number>>();
  expectTypeOf(ctx.step('look', () => 'now', { retry: { maximumAttempts: 1 } })).toEqualTypeOf<
    Task<string>
  >();
  // @ts-expect-error a step needs a name
  ctx.step(async () => 1);

  // children
  const child = ctx.runChild(shipment, order, { id: 'c', parentClosePolicy: 'abandon', retry: {} });
  expectTypeOf(await child).toEqualTypeOf<Date>();
  expectTypeOf(child.workflowId).toEqualTypeOf<string>();
  expectTypeOf(child.started).toEqualTypeOf<Task<{ readonly runId: string }>>();
  expectTypeOf(child.signal('track', 'code')).toEqualTypeOf<Task<void>>();
  expectTypeOf(ctx.runChild(nothing)).toExtend<Task<void>>();
  expectTypeOf(ctx.runChild(contract, 3)).toExtend<Task<string>>();
  expectTypeOf(ctx.runChild('by-name', { any: 'thing' })).toExtend<Task<any>>();
  expectTypeOf(ctx.all([child, ctx.runChild(contract, 1)])).toEqualTypeOf<Task<[Date, string]>>();
  // @ts-expect-error the input is an order
  ctx.runChild(shipment, 'sku');
  // @ts-expect-error the input may not be left out
  ctx.runChild(shipment);
  // @ts-expect-error options come third
  ctx.runChild(nothing, { id: 'c' });
  // @ts-expect-error no such policy
  ctx.runChild(shipment, order, { parentClosePolicy: 'ignore' });
  // @ts-expect-error a child has no start delay
  ctx.runChild(shipment, order, { startDelay: '1h' });
  // @ts-expect-error no such signal
  child.signal('approve');
  // @ts-expect-error the value of the signal is a string
  child.signal('track', 3);
  expectTypeOf(ctx.external('other').signal('any', 1)).toEqualTypeOf<Task<void>>();
  expectTypeOf(ctx.external('other', 'run').cancel('why')).toEqualTypeOf<Task<void>>();
  // @ts-expect-error another workflow is named by its id
  ctx.external(shipment);
  expectTypeOf(ctx.info.parent).toEqualTypeOf<
    { readonly workflowId: string; readonly runId: string } | undefined
  >();

  // the next run
  expectTypeOf(() => ctx.continueAsNew(1, { workflow: contract, taskQueue: 'q' })).returns.toBeNever();
  expectTypeOf(() => ctx.continueAsNew()).returns.toBeNever();
  // @ts-expect-error a workflow, not an activity
  ctx.continueAsNew(1, { workflow: 3 });

  // scopes
  expectTypeOf(ctx.scope(async (scope) => scope.signal.aborted)).toEqualTypeOf<Task<boolean>>();
  expectTypeOf(ctx.scope(() => ctx.runActivity(ping))).toEqualTypeOf<Task<'pong'>>();
  expectTypeOf(ctx.nonCancellable(async () => 1)).toEqualTypeOf<Task<number>>();
  expectTypeOf(ctx.withTimeout('5s', () => ctx.runActivity(reserve, order))).toEqualTypeOf<Task<number>>();
  expectTypeOf(
    ctx.saga(async (undo) => {
      undo(() => ctx.runActivity(ping));
      return new Date();
    }),
  ).toEqualTypeOf<Task<Date>>();
  expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>();
  // @ts-expect-error the timeout comes first
  ctx.withTimeout(() => ctx.sleep(1), '5s');
  // @ts-expect-error a body is awaited
  ctx.scope(() => 1);
  // @ts-expect-error the body of nonCancellable cannot be cancelled
  ctx.nonCancellable(async (scope: { cancel(): void }) => scope.cancel());
  // @ts-expect-error an undo step is a function, so that it runs only when it has to
  ctx.saga(async (undo) => undo(ctx.runActivity(ping)));

  // time
  expectTypeOf(ctx.sleep('5m')).toEqualTypeOf<Task<void>>();
  expectTypeOf(ctx.sleepUntil(new Date())).toEqualTypeOf<Task<void>>();
  expectTypeOf(ctx.now()).toEqualTypeOf<Date>();
  // @ts-expect-error a duration has a unit
  ctx.sleep('5');
  // @ts-expect-error a moment is a Date
  ctx.sleepUntil('tomorrow');

  // messages
  expectTypeOf(ctx.waitSignal('approve')).toEqualTypeOf<Task<{ by: string }>>();
  expectTypeOf(ctx.waitSignal('approve', { timeout: '1h' })).toEqualTypeOf<
    Task<{ by: string } | undefined>
  >();
  expectTypeOf(ctx.waitSignal('stop')).toEqualTypeOf<Task<void>>();
  ctx.onSignal('approve', ({ by }) => {
    expectTypeOf(by).toEqualTypeOf<string>();
  });
  ctx.onQuery('total', () => 3);
  ctx.onQuery('find', (sku) => ({ sku }));
  // @ts-expect-error a query is no signal
  ctx.waitSignal('total');
  // @ts-expect-error no such signal
  ctx.onSignal('reject', () => undefined);
  // @ts-expect-error the answer is a number
  ctx.onQuery('total', () => 'three');
  // @ts-expect-error a query answers at once
  ctx.onQuery('total', async () => 3);
  expectTypeOf(ctx.waitCondition(() => true)).toEqualTypeOf<Task<true>>();
  expectTypeOf(ctx.waitCondition(() => true, { timeout: 5 })).toEqualTypeOf<Task<boolean>>();
  // @ts-expect-error a predicate answers at once
  ctx.waitCondition(async () => true);

  // structure
  expectTypeOf(ctx.all([ctx.runActivity(ping), ctx.sleep(1), Promise.resolve(2)])).toEqualTypeOf<
    Task<['pong', void, number]>
  >();
  const [settled] = await ctx.allSettled([ctx.runActivity(ping)]);
  expectTypeOf(settled).toEqualTypeOf<PromiseSettledResult<'pong'>>();
  const first = await ctx.race({ answer: ctx.waitSignal('approve'), late: ctx.sleep('1d') });
  if (first.key === 'answer') expectTypeOf(first.value).toEqualTypeOf<{ by: string }>();
  else expectTypeOf(first.value).toEqualTypeOf<void>();
  // @ts-expect-error no such key
  first.key === 'never';
  expectTypeOf(ctx.any([ctx.runActivity(ping), ctx.runActivity(reserve, order)])).toEqualTypeOf<
    Task<number | 'pong'>
  >();
  expectTypeOf(ctx.map([order], (one) => ctx.runActivity(reserve, one), { concurrency: 2 })).toEqualTypeOf<
    Task<number[]>
  >();

  // recorded values
  expectTypeOf(ctx.sideEffect(() => 'x')).toEqualTypeOf<string>();
  expectTypeOf(ctx.random()).toEqualTypeOf<number>();
  expectTypeOf(ctx.uuid4()).toEqualTypeOf<string>();
  expectTypeOf(ctx.info.runNumber).toEqualTypeOf<number>();

  // what others see
  ctx.setState(5);
  // @ts-expect-error the state is a number
  ctx.setState('five');
  ctx.log.info('here', { order });

  // a task is a promise that can be cancelled
  const task = ctx.runActivity(reserve, order);
  task.cancel('not needed');
  expectTypeOf(task.id).toEqualTypeOf<string>();
  expectTypeOf(await task).toEqualTypeOf<number>();
});

// A type that declares no messages takes any name.
defineWorkflow('loose', async (ctx) => {
  expectTypeOf(ctx.waitSignal('anything')).toEqualTypeOf<Task<any>>();
  ctx.onQuery('anything', () => 1);
  ctx.setState({ any: 'thing' });
});

// Helpers take a context of any workflow.
export async function pause(ctx: WorkflowContext<any, any, any>): Promise<void> {
  await ctx.sleep('1s');
}
defineWorkflow('helped', { messages }, async (ctx) => pause(ctx));
