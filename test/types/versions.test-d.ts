import { defineActivity, defineWorkflow, verify, type HistoryBundle, type Verification } from '@perdure/core';
import { expectTypeOf } from 'vitest';

defineWorkflow('changing', async (ctx) => {
  expectTypeOf(ctx.patched('change')).toEqualTypeOf<boolean>();
  expectTypeOf(ctx.deprecatePatch('change')).toEqualTypeOf<void>();
  expectTypeOf(ctx.getVersion('change', 1, 2)).toEqualTypeOf<number>();
  // @ts-expect-error a change has an id
  ctx.patched();
  // @ts-expect-error both ends of the range are said
  ctx.getVersion('change', 1);
  // @ts-expect-error versions are numbers
  ctx.getVersion('change', '1', '2');
});

defineWorkflow('showing', { searchAttributes: { total: 'double', due: 'datetime' } }, async (ctx) => {
  expectTypeOf(ctx.upsertSearchAttributes({ total: 1, due: new Date() })).toEqualTypeOf<void>();
  ctx.upsertSearchAttributes({ total: null });
  ctx.upsertMemo({ anything: [1] });
  // @ts-expect-error the total is a number
  ctx.upsertSearchAttributes({ total: '1' });
  // @ts-expect-error it is not declared
  ctx.upsertSearchAttributes({ other: 1 });
  // @ts-expect-error a memo has names
  ctx.upsertMemo('note');
});
defineWorkflow('free', async (ctx) => {
  ctx.upsertSearchAttributes({ anything: 'goes' });
});

defineWorkflow('upgrading', { versioning: 'auto_upgrade' }, async () => 1);
// @ts-expect-error there is no such versioning
defineWorkflow('wrong', { versioning: 'newest' }, async () => 1);

const welcome = defineWorkflow('welcome', async (ctx, name: string) => {
  await ctx.sleep(1);
  return name;
});
declare const bundle: HistoryBundle;
async function* many(): AsyncGenerator<HistoryBundle> {
  yield bundle;
}
expectTypeOf(verify([welcome], [bundle])).toEqualTypeOf<Promise<Verification>>();
void verify([welcome], many()).then(({ failed }) => failed[0]?.error.code);
// @ts-expect-error bundles come as a list or a stream
void verify([welcome], bundle);

defineActivity('send', { requires: 'online' }, async (_: void) => 1);
// @ts-expect-error nothing else can be required
defineActivity('send', { requires: 'power' }, async (_: void) => 1);
