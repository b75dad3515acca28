import {
  defineActivity,
  defineWorkflow,
  signal,
  update,
  type ActivityDescription,
  type ActivityHandle,
  type Client,
  type Page,
  type UpdateHandle,
  type WorkflowHandle,
} from '@perdure/core';
import type { Observable } from 'rxjs';
import { expectTypeOf } from 'vitest';

const messages = {
  add: update<number, string>(),
  clear: update<void>(),
  stop: signal(),
  note: signal<string>(),
};
const basket = defineWorkflow('basket', { messages }, async (ctx, owner: string) => {
  ctx.onUpdate('add', (item) => item.length, {
    validate: (item) => {
      expectTypeOf(item).toEqualTypeOf<string>();
    },
  });
  ctx.onUpdate('add', async (item) => item.length);
  ctx.onUpdate('clear', () => undefined);
  expectTypeOf(ctx.info.unfinishedUpdates).toEqualTypeOf<number>();
  // @ts-expect-error the answer is a number
  ctx.onUpdate('add', (item) => item);
  // @ts-expect-error the argument is a string
  ctx.onUpdate('add', (item: number) => item);
  // @ts-expect-error a signal is no update
  ctx.onUpdate('stop', () => undefined);
  // @ts-expect-error no such update
  ctx.onUpdate('remove', () => 1);
  // @ts-expect-error an update is no signal
  ctx.onSignal('add', () => undefined);
  await ctx.waitSignal('stop');
  return owner;
});
defineWorkflow('loose', async (ctx) => {
  ctx.onUpdate('anything', (value: unknown) => value);
  await ctx.waitSignal('stop');
});

declare const client: Client;
const handle = client.handle(basket, 'b');

// ── updates

expectTypeOf(handle.update('add', 'apple')).resolves.toEqualTypeOf<number>();
expectTypeOf(handle.update('clear')).resolves.toEqualTypeOf<void>();
handle.update('add', 'apple', { id: 'once', timeout: '10s', signal: new AbortController().signal });
handle.update('clear', undefined, { id: 'once' });
expectTypeOf(handle.startUpdate('add', 'apple', { waitFor: 'accepted' })).resolves.toEqualTypeOf<
  UpdateHandle<number>
>();
expectTypeOf(client.handle('b').update('anything', 1)).resolves.toEqualTypeOf<any>();
// @ts-expect-error the argument may not be left out
handle.update('add');
// @ts-expect-error the argument is a string
handle.update('add', 1);
// @ts-expect-error this update takes nothing
handle.update('clear', 1);
// @ts-expect-error a signal is no update
handle.update('stop');
// @ts-expect-error no such stage
handle.startUpdate('add', 'apple', { waitFor: 'admitted' });
// @ts-expect-error `update` waits for the outcome
handle.update('add', 'apple', { waitFor: 'accepted' });

// ── with start

expectTypeOf(
  client.signalWithStart(basket, { id: 'b', input: 'ada', signal: 'note', payload: 'hi' }),
).resolves.toExtend<WorkflowHandle<string, typeof messages>>();
expectTypeOf(
  client.updateWithStart(basket, { input: 'ada', update: 'add', payload: 'apple', timeout: '1s' }),
).resolves.toEqualTypeOf<number>();
// @ts-expect-error the payload is a string
client.signalWithStart(basket, { input: 'ada', signal: 'note', payload: 1 });
// @ts-expect-error an update is no signal
client.signalWithStart(basket, { input: 'ada', signal: 'add', payload: 'apple' });
// @ts-expect-error the input may not be left out
client.updateWithStart(basket, { update: 'add', payload: 'apple' });

// ── activities

const resize = defineActivity('resize', async (image: string) => image.length);
const ping = defineActivity('ping', async () => 'pong' as const);
defineActivity<void, number>('later', (_, activity) => {
  expectTypeOf(activity.info.taskToken).toEqualTypeOf<string>();
  expectTypeOf(activity.info.workflowId).toEqualTypeOf<string | undefined>();
  return activity.completeLater();
});
expectTypeOf(client.activities.start(resize, 'a.png', { label: 'small' })).resolves.toEqualTypeOf<
  ActivityHandle<number>
>();
expectTypeOf(client.activities.start(ping)).resolves.toEqualTypeOf<ActivityHandle<'pong'>>();
client.activities.start('by-name', { any: 'thing' }, { id: 'x', retry: { maximumAttempts: 1 } });
const activity = client.activities.handle<number>('x');
expectTypeOf(activity.result({ timeout: '1m' })).resolves.toEqualTypeOf<number>();
expectTypeOf(activity.describe()).resolves.toEqualTypeOf<ActivityDescription>();
expectTypeOf(activity.state$).toExtend<Observable<ActivityDescription>>();
expectTypeOf(client.activities.list({ status: 'failed', pageSize: 10 })).resolves.toEqualTypeOf<
  Page<ActivityDescription>
>();
client.activities.complete('token', 1);
// @ts-expect-error the input may not be left out
client.activities.start(resize);
// @ts-expect-error the input is a string
client.activities.start(resize, 1);
// @ts-expect-error a workflow is no activity
client.activities.start(basket, 'ada');
// @ts-expect-error no such option
client.activities.start(ping, undefined, { name: 'x' });
// @ts-expect-error no such status
client.activities.list({ status: 'open' });
