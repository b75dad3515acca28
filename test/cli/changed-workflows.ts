import { defineActivity, defineWorkflow } from '@perdure/core';

/** The workflows of today: `order` asks for another activity than it has recorded. */
const renamed = defineActivity('renamed', (line: string): string => line);
export const order = defineWorkflow('order', (ctx, input: { item: string }) =>
  ctx.runActivity(renamed, input.item),
);
