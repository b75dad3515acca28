import {
  ActivityNotActiveError,
  defineActivity,
  defineWorkflow,
  update,
  WorkflowAlreadyStartedError,
} from '@perdure/core';
import { failure, surely, tell, type Program } from '../program.js';

export const signalLoop: Program = {
  name: 'signal loop',
  deployments: (world) => {
    const note = defineActivity('note', (text: string, activity) => world.did(`note ${text}`, activity));
    const workflow = defineWorkflow('signalLoop', async (ctx) => {
      const heard: unknown[] = [];
      while (heard.length < 3) {
        heard.push(await ctx.waitSignal('word'));
        await ctx.runActivity(note, String(heard.at(-1)));
      }
      return heard;
    });
    return [
      {
        workflows: [workflow],
        activities: [note],
        use: async (engine) => {
          const handle = await surely(() =>
            engine.start(workflow, undefined, { id: 'loop', requestId: 'once' }),
          );
          for (const word of ['a', 'b', 'c']) await tell(() => handle.signal('word', word, { id: word }));
          return surely(() => handle.result());
        },
      },
    ];
  },
};

/** Two that are taken, one that is refused, one that fails. */
export const updates: Program = {
  name: 'update',
  deployments: (world) => {
    const book = defineActivity('book', (n: number, activity) => world.did(`book ${n}`, activity));
    const workflow = defineWorkflow(
      'updates',
      { messages: { add: update<number, number>() } },
      async (ctx) => {
        let sum = 0;
        ctx.onUpdate(
          'add',
          async (n) => {
            await ctx.runActivity(book, n);
            if (n > 100) throw new RangeError('too much');
            return (sum += n);
          },
          {
            validate: (n) => {
              if (n < 0) throw new RangeError('too little');
            },
          },
        );
        await ctx.waitCondition(() => sum === 5 && ctx.info.unfinishedUpdates === 0);
        return sum;
      },
    );
    return [
      {
        workflows: [workflow],
        activities: [book],
        use: async (engine) => {
          const handle = await surely(() =>
            engine.start(workflow, undefined, { id: 'updates', requestId: 'once' }),
          );
          const add = (n: number): Promise<number> =>
            surely(() => handle.update('add', n, { id: `add-${n}` }));
          const seen = [await add(2), await failure(add(-1)), await failure(add(101)), await add(3)];
          return [...seen, await surely(() => handle.result())];
        },
      },
    ];
  },
};

export const cancelled: Program = {
  name: 'cancel with cleanup',
  deployments: (world) => {
    const effect = defineActivity('effect', (what: string, activity) => world.did(what, activity));
    const workflow = defineWorkflow(
      'cancelled',
      { messages: { whenWaiting: update<void>() } },
      async (ctx) => {
        await ctx.runActivity(effect, 'reserve');
        try {
          ctx.onUpdate('whenWaiting', () => undefined);
          await ctx.sleep('400d');
        } finally {
          await ctx.nonCancellable(() => ctx.runActivity(effect, 'free again'));
        }
      },
    );
    return [
      {
        workflows: [workflow],
        activities: [effect],
        use: async (engine) => {
          const handle = await surely(() =>
            engine.start(workflow, undefined, { id: 'cancelled', requestId: 'once' }),
          );
          await surely(() => handle.update('whenWaiting', undefined, { id: 'waiting' }));
          await surely(() => handle.cancel({ reason: 'no more' }));
          return failure(surely(() => handle.result()));
        },
      },
    ];
  },
};

/** A standalone activity that somebody else completes, by its token. */
export const completedLater: Program = {
  name: 'standalone activity completed by its token',
  deployments: (world) => {
    const approval = defineActivity<string, string>(
      'approval',
      { startToCloseTimeout: '10m', retry: { maximumAttempts: 50 } },
      (order, activity) => {
        world.did(`ask for ${order}`, activity);
        world.told(activity.info.taskToken);
        return activity.completeLater();
      },
    );
    return [
      {
        activities: [approval],
        use: async (engine) => {
          await surely(() => engine.activities.start(approval, 'order 1', { id: 'approval' })).catch(
            (error: unknown) => {
              // Begun by the try before, which could not be told.
              if (!(error instanceof WorkflowAlreadyStartedError)) throw error;
            },
          );
          const handle = engine.activities.handle<string>('approval');
          const result = surely(() => handle.result());
          const done = result.then(() => undefined);
          for (let attempt = 1; ; attempt++) {
            const token = await Promise.race([world.token(attempt), done]);
            if (token === undefined) return result;
            await surely(() => engine.activities.complete(token, 'granted')).catch((error: unknown) => {
              // The attempt died before it had begun for good, or the try before went through.
              if (!(error instanceof ActivityNotActiveError)) throw error;
            });
          }
        },
      },
    ];
  },
};
