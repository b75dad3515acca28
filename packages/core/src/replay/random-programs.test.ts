import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InputEvent, Unplaced } from '../model/events.js';
import { generated } from './generators.testkit.js';
import {
  begin,
  cancelRequested,
  completed,
  failed,
  fired,
  replayed,
  signalled,
  withoutStacks,
  type Bench,
} from './instance.testkit.js';

/** A workflow as data: random programs over the authoring API. */
type Node =
  | { kind: 'activity' | 'sleep' | 'signal' | 'microtasks' | 'sideEffect' | 'patched'; n: number }
  | { kind: 'condition'; n: number; timeout: boolean }
  | { kind: 'sequence' | 'all' | 'allSettled' | 'race' | 'any' | 'native'; parts: Node[] }
  | { kind: 'attempt'; body: Node }
  | { kind: 'map'; parts: Node[]; concurrency: number };

const { program } = fc.letrec<{ program: Node }>((tie) => {
  const parts = fc.array(tie('program'), { minLength: 1, maxLength: 3 });
  const n = fc.integer({ min: 0, max: 3 });
  return {
    program: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc.record({
        kind: fc.constantFrom('activity', 'sleep', 'signal', 'microtasks', 'sideEffect', 'patched'),
        n,
      }),
      fc.record({ kind: fc.constant('condition'), n, timeout: fc.boolean() }),
      fc.record({ kind: fc.constantFrom('sequence', 'all', 'allSettled', 'race', 'any', 'native'), parts }),
      fc.record({ kind: fc.constant('attempt'), body: tie('program') }),
      fc.record({ kind: fc.constant('map'), parts, concurrency: fc.integer({ min: 1, max: 2 }) }),
    ),
  };
});

function effect(n: number): number {
  if (n === 3) throw new Error(`no ${Math.random()}`);
  return Math.random();
}

interface World {
  count: number;
  log: string[];
}

async function run(ctx: any, world: World, node: Node): Promise<unknown> {
  const note = (text: string): void => {
    world.log.push(`${text}@${ctx.now().getTime()}:${ctx.random()}`);
  };
  const each = (parts: Node[]): Promise<unknown>[] => parts.map((part) => run(ctx, world, part));
  switch (node.kind) {
    case 'activity': {
      const result = await ctx.runActivity(`a${node.n}`, world.count);
      world.count += 1;
      note(`activity ${node.n}`);
      return result;
    }
    case 'sleep':
      await ctx.sleep(node.n);
      return note('slept');
    case 'signal':
      note(`signal ${await ctx.waitSignal(`s${node.n % 2}`, node.n > 1 ? { timeout: node.n } : undefined)}`);
      return;
    case 'microtasks':
      for (let i = 0; i < node.n * 40; i++) await undefined;
      return;
    case 'sideEffect':
      return note(`effect ${ctx.sideEffect(() => effect(node.n))}`);
    case 'patched':
      ctx.upsertMemo({ [`m${node.n}`]: world.count });
      return note(`version ${ctx.patched(`p${node.n}`)} ${ctx.getVersion('v', 1, 3)}`);
    case 'condition': {
      const until = world.count + node.n;
      return note(
        `condition ${await ctx.waitCondition(() => world.count >= until, node.timeout ? { timeout: 5 } : undefined)}`,
      );
    }
    case 'sequence':
      for (const part of node.parts) await run(ctx, world, part);
      return;
    case 'all':
      return ctx.all(each(node.parts));
    case 'allSettled':
      return ctx.allSettled(each(node.parts));
    case 'any':
      return ctx.any(each(node.parts));
    case 'native':
      return Promise.race(each(node.parts));
    case 'race':
      return ctx.race(Object.fromEntries(node.parts.map((part, i) => [`k${i}`, run(ctx, world, part)])));
    case 'map':
      return ctx.map(node.parts, (part: Node) => run(ctx, world, part), { concurrency: node.concurrency });
    case 'attempt':
      try {
        return await run(ctx, world, node.body);
      } catch (error) {
        return note(`caught ${(error as Error).name}`);
      }
  }
}

/** The same program as a generator. */
const walk = generated(function* (ctx: any, world: World, node: Node): Generator<unknown, unknown> {
  const note = (text: string): void => {
    world.log.push(`${text}@${ctx.now().getTime()}:${ctx.random()}`);
  };
  const each = (parts: Node[]): Promise<unknown>[] => parts.map((part) => walk(ctx, world, part));
  switch (node.kind) {
    case 'activity': {
      const result = yield ctx.runActivity(`a${node.n}`, world.count);
      world.count += 1;
      note(`activity ${node.n}`);
      return result;
    }
    case 'sleep':
      yield ctx.sleep(node.n);
      return note('slept');
    case 'signal':
      note(`signal ${yield ctx.waitSignal(`s${node.n % 2}`, node.n > 1 ? { timeout: node.n } : undefined)}`);
      return;
    case 'microtasks':
      for (let i = 0; i < node.n * 40; i++) yield undefined;
      return;
    case 'sideEffect':
      return note(`effect ${ctx.sideEffect(() => effect(node.n))}`);
    case 'patched':
      ctx.upsertMemo({ [`m${node.n}`]: world.count });
      return note(`version ${ctx.patched(`p${node.n}`)} ${ctx.getVersion('v', 1, 3)}`);
    case 'condition': {
      const until = world.count + node.n;
      return note(
        `condition ${yield ctx.waitCondition(() => world.count >= until, node.timeout ? { timeout: 5 } : undefined)}`,
      );
    }
    case 'sequence':
      for (const part of node.parts) yield walk(ctx, world, part);
      return;
    case 'all':
      return ctx.all(each(node.parts));
    case 'allSettled':
      return ctx.allSettled(each(node.parts));
    case 'any':
      return ctx.any(each(node.parts));
    case 'native':
      return Promise.race(each(node.parts));
    case 'race':
      return ctx.race(Object.fromEntries(node.parts.map((part, i) => [`k${i}`, walk(ctx, world, part)])));
    case 'map':
      return ctx.map(node.parts, (part: Node) => walk(ctx, world, part), { concurrency: node.concurrency });
    case 'attempt':
      try {
        return yield walk(ctx, world, node.body);
      } catch (error) {
        return note(`caught ${(error as Error).name}`);
      }
  }
});

const workflow =
  (node: Node, form = run) =>
  async (ctx: any): Promise<unknown> => {
    const world: World = { count: 0, log: [] };
    ctx.onSignal('extra', () => {
      world.count += 1;
    });
    await form(ctx, world, node);
    return world.log;
  };

/** What the world may do next: settle something pending, or send a message. */
function choices({ instance }: Bench, dice: number): Unplaced<InputEvent> {
  const options: Unplaced<InputEvent>[] = [signalled('s0', dice), signalled('s1', dice), signalled('extra')];
  for (const wait of instance.waits.all()) {
    if (wait.kind === 'activity') options.push(completed(wait.id, dice), failed(wait.id), completed(wait.id));
    if (wait.kind === 'timer') options.push(fired(wait.id), fired(wait.id));
  }
  return dice === 97 ? cancelRequested : (options[dice % options.length] as Unplaced<InputEvent>);
}

function fingerprint({ instance }: Bench): unknown {
  const { settlement, recorder, waits, blockage } = instance;
  const end = withoutStacks(settlement);
  return { end, head: recorder.head, waits: [...waits.all()].map((wait) => wait.id), blockage };
}

test('a replay from any point is where the live run was', async () => {
  await fc.assert(
    fc.asyncProperty(
      program,
      fc.array(fc.integer({ min: 0, max: 97 }), { maxLength: 14 }),
      async (node, dice) => {
        const live = await begin(workflow(node));
        let at = 1_000;
        for (const roll of dice) {
          if (live.instance.settlement) break;
          await live.feed(choices(live, roll), (at += roll));
          expect(live.instance.blockage).toBeUndefined();
          expect(fingerprint(await replayed(workflow(node), live.history))).toEqual(fingerprint(live));
        }
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);

test('a history does not know how its workflow was written: generators replay those of async functions, and the reverse', async () => {
  await fc.assert(
    fc.asyncProperty(
      program,
      fc.array(fc.integer({ min: 0, max: 97 }), { maxLength: 14 }),
      fc.boolean(),
      async (node, dice, generatorFirst) => {
        const [first, second] = generatorFirst ? [walk, run] : [run, walk];
        const live = await begin(workflow(node, first));
        let at = 1_000;
        for (const roll of dice) {
          if (live.instance.settlement) break;
          await live.feed(choices(live, roll), (at += roll));
        }
        expect(live.instance.blockage).toBeUndefined();
        expect(fingerprint(await replayed(workflow(node, second), live.history))).toEqual(fingerprint(live));
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
