import { defineActivity, defineWorkflow } from '@perdure/core';
import { surely, type Program } from '../program.js';
import type { World } from '../world.js';

const double = (world: World) =>
  defineActivity('double', (n: number, activity) => {
    world.did(`double ${n}`, activity);
    return n * 2;
  });

export const sequential: Program = {
  name: 'sequential',
  deployments: (world) => {
    const act = double(world);
    const workflow = defineWorkflow('sequential', async (ctx) => {
      let n = 1;
      for (let i = 0; i < 4; i++) n = await ctx.runActivity(act, n);
      return n;
    });
    return [
      {
        workflows: [workflow],
        activities: [act],
        use: async (engine) => {
          const start = { id: 'sequential', requestId: 'once' };
          const handle = await surely(() => engine.start(workflow, undefined, start));
          return surely(() => handle.result());
        },
      },
    ];
  },
};

export const fanOut: Program = {
  name: 'fan-out of 20',
  deployments: (world) => {
    const act = double(world);
    const workflow = defineWorkflow('fanOut', async (ctx) => {
      const doubled = await ctx.all(Array.from({ length: 20 }, (_, n) => ctx.runActivity(act, n)));
      return doubled.reduce((sum, n) => sum + n, 0);
    });
    return [
      {
        workflows: [workflow],
        activities: [act],
        use: async (engine) => {
          const handle = await surely(() =>
            engine.start(workflow, undefined, { id: 'fan-out', requestId: 'once' }),
          );
          return surely(() => handle.result());
        },
      },
    ];
  },
};

/** Once the work wins, once the timer does. */
export const race: Program = {
  name: 'race with timeout',
  deployments: (world) => {
    const act = double(world);
    const workflow = defineWorkflow('race', async (ctx) => {
      const work = await ctx.race({ work: ctx.runActivity(act, 7), late: ctx.sleep('2d') });
      const message = await ctx.race({ message: ctx.waitSignal('never'), late: ctx.sleep('2d') });
      const waited = await ctx.waitSignal('never', { timeout: '1h' });
      return [work, message.key, waited];
    });
    return [
      {
        workflows: [workflow],
        activities: [act],
        use: async (engine) => {
          const handle = await surely(() =>
            engine.start(workflow, undefined, { id: 'race', requestId: 'once' }),
          );
          return surely(() => handle.result());
        },
      },
    ];
  },
};

/** Goes on from its last heartbeat; the first two attempts fail half way. */
export const retries: Program = {
  name: 'retries with heartbeats',
  deployments: (world) => {
    const copy = defineActivity(
      'copy',
      { heartbeatTimeout: '1h', retry: { initialInterval: '1s', maximumAttempts: 50 } },
      (items: number, activity) => {
        const from = activity.lastHeartbeat<number>() ?? 0;
        for (let item = from; item < items; item++) {
          world.did(`copy ${item}`, activity);
          activity.heartbeat(item + 1);
          if (item === activity.info.attempt && activity.info.attempt < 3) throw new Error('half way');
        }
        return items;
      },
    );
    const workflow = defineWorkflow('retries', (ctx) => ctx.runActivity(copy, 5));
    return [
      {
        workflows: [workflow],
        activities: [copy],
        use: async (engine) => {
          const handle = await surely(() =>
            engine.start(workflow, undefined, { id: 'retries', requestId: 'once' }),
          );
          return surely(() => handle.result());
        },
      },
    ];
  },
};
