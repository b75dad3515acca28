import {
  defineActivity,
  defineWorkflow,
  query,
  signal,
  type,
  type ActivityDefinition,
  type ActivityImplementation,
  type AnyActivity,
  type AnyWorkflow,
  type Message,
  type Schema,
  type WorkflowDefinition,
  type WorkflowImplementation,
} from '@perdure/core';
import { expectTypeOf } from 'vitest';

interface Order {
  readonly sku: string;
  readonly amount: number;
}

// ── activities: types come from the code

const charge = defineActivity('charge', async (order: Order) => ({ receipt: order.sku }));
expectTypeOf(charge).toEqualTypeOf<ActivityImplementation<Order, { receipt: string }>>();
const ping = defineActivity('ping', () => undefined);
expectTypeOf(ping).toExtend<AnyActivity>();
const withOptions = defineActivity(
  'slow',
  { startToCloseTimeout: '30s', retry: { maximumAttempts: 0 } },
  async (n: number, activity) => {
    activity.heartbeat({ done: n });
    expectTypeOf(activity.signal).toEqualTypeOf<AbortSignal>();
    expectTypeOf(activity.lastHeartbeat<{ done: number }>()).toEqualTypeOf<{ done: number } | undefined>();
    return n;
  },
);
expectTypeOf(withOptions.fn).parameter(0).toEqualTypeOf<number>();

// @ts-expect-error an activity needs a name
defineActivity(async () => 1);
// @ts-expect-error a duration has a unit
defineActivity('a', { startToCloseTimeout: '30' }, async () => 1);
// @ts-expect-error no such option
defineActivity('a', { timeout: '30s' }, async () => 1);
// @ts-expect-error code comes last
defineActivity('a', async () => 1, { startToCloseTimeout: '30s' });

// ── activities: contract here, code there

const contract = defineActivity('quote', {
  input: type<Order>(),
  output: type<number>(),
  taskQueue: 'pricing',
});
expectTypeOf(contract).toEqualTypeOf<ActivityDefinition<Order, number>>();
expectTypeOf(contract.implement(async (order) => order.amount)).toEqualTypeOf<
  ActivityImplementation<Order, number>
>();
// @ts-expect-error the output is a number
contract.implement(async () => 'much');
// @ts-expect-error the input is an order
contract.implement(async (order: string) => order.length);
// @ts-expect-error a contract states what comes out, too
defineActivity('quote', { input: type<Order>() });

// ── workflows: types come from the code

const simple = defineWorkflow(
  'simple',
  async (ctx, order: Order) => (await ctx.runActivity(charge, order)).receipt,
);
expectTypeOf(simple).toEqualTypeOf<WorkflowImplementation<Order, string>>();
const silent = defineWorkflow('silent', async (ctx) => {
  await ctx.sleep('1d');
});
expectTypeOf(silent).toExtend<WorkflowDefinition<any, void>>();
const talking = defineWorkflow(
  'talking',
  {
    messages: {
      approve: signal<{ by: string }>(),
      stop: signal(),
      progress: query<number>(),
      item: query<Order, string>(),
    },
    state: type<'open' | 'done'>(),
    searchAttributes: { total: 'int', tags: 'keyword_list' },
    runTimeout: { hours: 2 },
  },
  async (ctx, order: Order) => {
    ctx.setState('open');
    // @ts-expect-error no such state
    ctx.setState('closed');
    return order.amount;
  },
);
expectTypeOf(talking.messages.approve.kind).toEqualTypeOf<'signal'>();
expectTypeOf(talking.searchAttributes.total).toEqualTypeOf<'int'>();
expectTypeOf(talking).toExtend<AnyWorkflow>();

// @ts-expect-error a workflow is asynchronous
defineWorkflow('sync', () => 1);
// @ts-expect-error messages are made by signal() and query()
defineWorkflow('bad', { messages: { go: 'signal' } }, async () => 1);
// @ts-expect-error no such type of attribute
defineWorkflow('bad', { searchAttributes: { total: 'number' } }, async () => 1);
// @ts-expect-error no such option
defineWorkflow('bad', { timeout: '1h' }, async () => 1);
// @ts-expect-error with code the types come from the code
defineWorkflow('bad', { input: type<Order>() }, async (_ctx, order: Order) => order.amount);

// ── workflows: contract here, code there

const approval = defineWorkflow('approval', {
  input: type<Order>(),
  output: type<boolean>(),
  messages: { decide: signal<boolean>() },
  state: type<{ step: number }>(),
});
expectTypeOf(approval).toExtend<WorkflowDefinition<Order, boolean, any, any, { step: number }>>();
approval.implement(async (ctx, order) => {
  expectTypeOf(order).toEqualTypeOf<Order>();
  ctx.setState({ step: 1 });
  return ctx.waitSignal('decide');
});
// @ts-expect-error the output is a boolean
approval.implement(async () => 'yes');
// @ts-expect-error there is no such signal
approval.implement(async (ctx) => ctx.waitSignal('decline'));
// @ts-expect-error a contract has no code
approval.fn;

// ── schemas of any Standard Schema library; what they let through is the type

declare const zodLike: Schema<{ name: string }>;
const checked = defineWorkflow('checked', {
  input: zodLike,
  output: type<number>(),
  messages: { rename: signal(zodLike) },
});
expectTypeOf(checked).toExtend<WorkflowDefinition<{ name: string }, number, any>>();
expectTypeOf(checked.messages.rename).toExtend<Message<'signal', { name: string }, void>>();
// @ts-expect-error a schema is no type argument
defineWorkflow('bad', { input: Order, output: type<number>() });
