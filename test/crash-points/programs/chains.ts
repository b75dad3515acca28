import { defineActivity, defineWorkflow, NonRetryableError, signal, update } from '@perdure/core';
import { failure, surely, tell, type Program } from '../program.js';

export const childTree: Program = {
  name: 'child tree',
  deployments: (world) => {
    const leaf = defineActivity('leaf', (path: string, activity) => {
      world.did(`leaf ${path}`, activity);
      return path.length;
    });
    const inner = defineWorkflow('inner', async (ctx, path: string) => ctx.runActivity(leaf, path));
    const branch = defineWorkflow('branch', async (ctx, path: string) => {
      const sizes = await ctx.all(['l', 'r'].map((side) => ctx.runChild(inner, path + side)));
      return sizes.reduce((sum, size) => sum + size, 0);
    });
    const tree = defineWorkflow('tree', async (ctx) => {
      const one = await ctx.runChild(branch, 'l');
      return one + (await ctx.runChild(branch, 'r'));
    });
    return [
      {
        workflows: [tree, branch, inner],
        activities: [leaf],
        use: async (engine) => {
          const handle = await surely(() => engine.start(tree, undefined, { id: 'tree', requestId: 'once' }));
          return surely(() => handle.result());
        },
      },
    ];
  },
};

/** Signals that a run has not taken go on to the next one. */
export const continued: Program = {
  name: 'continue-as-new loop',
  deployments: (world) => {
    const note = defineActivity('note', (text: string, activity) => world.did(`note ${text}`, activity));
    const workflow = defineWorkflow('continued', async (ctx, heard: string[]) => {
      const word = String(await ctx.waitSignal('word'));
      await ctx.runActivity(note, word);
      const all = [...heard, word];
      return all.length < 3 ? ctx.continueAsNew(all) : all;
    });
    return [
      {
        workflows: [workflow],
        activities: [note],
        use: async (engine) => {
          const handle = await surely(() =>
            engine.start(workflow, [], { id: 'continued', requestId: 'once' }),
          );
          for (const word of ['a', 'b', 'c']) await tell(() => handle.signal('word', word, { id: word }));
          return surely(() => handle.result());
        },
      },
    ];
  },
};

export const saga: Program = {
  name: 'saga',
  deployments: (world) => {
    const book = defineActivity('book', (what: string, activity) => {
      world.did(`book ${what}`, activity);
      if (what === 'car') throw new NonRetryableError('no car left');
      return what;
    });
    const undo = defineActivity('undo', (what: string, activity) => world.did(`undo ${what}`, activity));
    const workflow = defineWorkflow('saga', (ctx) =>
      ctx.saga(async (compensate) => {
        for (const what of ['flight', 'hotel', 'car']) {
          await ctx.runActivity(book, what);
          compensate(() => ctx.runActivity(undo, what));
        }
      }),
    );
    return [
      {
        workflows: [workflow],
        activities: [book, undo],
        use: async (engine) => {
          const handle = await surely(() =>
            engine.start(workflow, undefined, { id: 'saga', requestId: 'once' }),
          );
          return failure(surely(() => handle.result()));
        },
      },
    ];
  },
};

/** A run of before the change goes on the old way after it, a run of after the change goes the new way. */
export const patched: Program = {
  name: 'patch migration',
  deployments: (world) => {
    const bill = defineActivity('bill', (how: string, activity) => world.did(`bill ${how}`, activity));
    const messages = { whenWaiting: update<void>(), go: signal() };
    const before = defineWorkflow('billing', { messages }, async (ctx, id: string) => {
      await ctx.runActivity(bill, `${id} begins`);
      await ctx.runActivity(bill, `${id} old`);
      ctx.onUpdate('whenWaiting', () => undefined);
      await ctx.waitSignal('go');
      await ctx.runActivity(bill, `${id} ends`);
    });
    const after = defineWorkflow('billing', { messages }, async (ctx, id: string) => {
      await ctx.runActivity(bill, `${id} begins`);
      await ctx.runActivity(bill, ctx.patched('tax') ? `${id} new` : `${id} old`);
      ctx.onUpdate('whenWaiting', () => undefined);
      await ctx.waitSignal('go');
      if (ctx.patched('end')) await ctx.runActivity(bill, `${id} new end`);
      await ctx.runActivity(bill, `${id} ends`);
    });
    const start = (id: string) => ({ id, requestId: id });
    return [
      {
        workflows: [before],
        activities: [bill],
        use: async (engine) => {
          const first = await surely(() => engine.start(before, 'first', start('first')));
          await surely(() => first.update('whenWaiting', undefined, { id: 'waiting' }));
        },
      },
      {
        workflows: [after],
        activities: [bill],
        use: async (engine) => {
          const second = await surely(() => engine.start(after, 'second', start('second')));
          const first = engine.handle(after, 'first');
          for (const handle of [first, second]) {
            await tell(() => handle.signal('go', undefined, { id: 'go' }));
            await surely(() => handle.result());
          }
        },
      },
    ];
  },
};
