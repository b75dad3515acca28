import { defineWorkflow } from '@perdure/core';
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
