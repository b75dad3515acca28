import {
  defineActivity,
  defineWorkflow,
  type WorkflowImplementation,
  type ActivityImplementation,
} from '@perdure/core';
import type { OutsideWorld } from './outside-world.js';

export const effects = ['reserve', 'charge', 'pack', 'hand over', 'thank'] as const;
/** The effect that is done outside, and not recorded, when its worker is killed. */
export const deadlyEffect = 'pack';

/** The workflow of the demonstration, whose activities do something in a world outside. */
export function durableOrder(world: OutsideWorld): {
  readonly workflows: readonly [WorkflowImplementation<void, number>];
  readonly activities: readonly [ActivityImplementation<string, string>];
} {
  const perform = defineActivity('perform', async (effect: string, context) => {
    world.do(effect, context.idempotencyKey);
    if (effect === deadlyEffect && context.info.attempt === 1) {
      context.heartbeat('done outside, and not said so yet');
      await new Promise(() => undefined); // until it is killed
    }
    return effect;
  });
  const order = defineWorkflow('durable-order', async (ctx) => {
    let performed = 0;
    for (const effect of effects) {
      await ctx.runActivity(perform, effect);
      ctx.setState({ performed: ++performed });
    }
    return performed;
  });
  return { workflows: [order], activities: [perform] };
}
