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
