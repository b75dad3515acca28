import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InputEvent, Unplaced } from '../model/events.js';
import type { WorkflowInstance } from './instance.js';
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
import type { Scope } from './scope.js';

/** A workflow as data: random programs over scopes. */
type Node =
  | { kind: 'activity' | 'sleep' | 'signal' | 'condition' | 'plain' | 'shared' | 'cancel'; n: number }
  | { kind: 'throw' }
  | { kind: 'sequence' | 'all' | 'race' | 'any' | 'native' | 'map'; parts: Node[] }
  | { kind: 'scope' | 'nonCancellable' | 'withTimeout' | 'attempt' | 'listener'; body: Node }
  | { kind: 'saga'; body: Node; undo: Node };

const { program } = fc.letrec<{ program: Node }>((tie) => {
  const parts = fc.array(tie('program'), { minLength: 1, maxLength: 3 });
  const body = tie('program');
  const leaf = fc.constantFrom('activity', 'sleep', 'signal', 'condition', 'plain', 'shared', 'cancel');
  return {
    program: fc.oneof(
      { maxDepth: 5, depthSize: 'medium' },
      fc.record({ kind: leaf, n: fc.integer({ min: 0, max: 4 }) }),
      fc.constant({ kind: 'throw' as const }),
      fc.record({ kind: fc.constantFrom('sequence', 'all', 'race', 'any', 'native', 'map'), parts }),
      fc.record({
        kind: fc.constantFrom('scope', 'nonCancellable', 'withTimeout', 'attempt', 'listener'),
        body,
      }),
      fc.record({ kind: fc.constant('saga'), body, undo: body }),
    ),
  };
});

/** A scope as the interpreter knows it, which hands it down by hand from call to call. */
interface Lexical {
  readonly name: string;
  readonly parent: Lexical | undefined;
  readonly shielded: boolean;
  readonly actual: Scope;
  cancelled: boolean;
  cancel?: (reason?: string) => void;
}
const isCancelled = (scope: Lexical | undefined): boolean =>
  scope !== undefined && (scope.cancelled || (!scope.shielded && isCancelled(scope.parent)));

/** One execution of a program, and what was seen of it that should not be. */
class World {
  readonly log: string[] = [];
  readonly wrong: string[] = [];
  readonly shared: PromiseLike<unknown>[] = [];
  readonly instance: WorkflowInstance;
  readonly root: Lexical;
  readonly #scopes: Lexical[] = [];
  readonly #byActual = new Map<Scope, Lexical>();
  readonly #byWait = new Map<string, Lexical>();
  count = 0;

  constructor(instance: WorkflowInstance) {
    this.instance = instance;
    this.root = this.enter(undefined, false);
  }
  /** The first thing that a body does. */
  enter(parent: Lexical | undefined, shielded: boolean): Lexical {
    const actual = this.instance.scopes.current;
    const name = parent ? `${parent.name}/${this.#scopes.length}` : 'root';
    const scope: Lexical = { name, parent, shielded, actual, cancelled: false };
    this.#scopes.push(scope);
    this.#byActual.set(actual, scope);
    return scope;
  }
  /** Where the library is must be where the interpreter is. */
  check(scope: Lexical, what: string): void {
    const { current } = this.instance.scopes;
    if (current === scope.actual) return;
    this.wrong.push(`${what} of ${scope.name} counted to ${this.#byActual.get(current)?.name}`);
  }
  /** Something that waits begins exactly where nothing was cancelled. */
  begin<T extends { readonly id: string }>(scope: Lexical, what: string, start: () => T): T {
    this.check(scope, what);
    const { recorder } = this.instance;
    const before = recorder.head;
    const task = start();
    const begun = recorder.head > before;
    if (begun === isCancelled(scope)) this.wrong.push(`${what} of ${scope.name}: begun is ${begun}`);
    this.#byWait.set(task.id, scope);
    return task;
  }
  cancelNth(n: number, by: Lexical): void {
    const target = this.#scopes.filter(({ cancel }) => cancel)[n];
    if (!target) return;
    this.cancelled(target);
    target.cancel?.(`cancelled by ${by.name}`);
    this.checkWaits();
  }
  cancelled(scope: Lexical): void {
    if (!scope.actual.ended) scope.cancelled = true;
  }
  /** Nothing of a cancelled scope is waited for. */
  checkWaits(): void {
    for (const { id } of this.instance.waits.all()) {
      const scope = this.#byWait.get(id);
      if (scope && isCancelled(scope)) this.wrong.push(`${id} of ${scope.name} has outlived its scope`);
    }
  }
  /** What the world is about to tell the run. */
  foresee(input: Unplaced<InputEvent>): void {
    if (input.type === 'CancelRequested') this.cancelled(this.root);
    if (input.type !== 'TimerFired' || this.#byWait.has(input.timerId)) return;
    const timer = this.instance.waits.get(input.timerId);
    const scope = timer?.deferred && this.#byActual.get(timer.deferred.task.scope);
    if (scope) this.cancelled(scope); // the timer of a ctx.withTimeout
  }
}

async function run(ctx: any, world: World, scope: Lexical, node: Node): Promise<unknown> {
  world.check(scope, `the start of ${node.kind}`);
  const each = (parts: Node[]): Promise<unknown>[] => parts.map((part) => run(ctx, world, scope, part));
  const inside = (shielded: boolean) => async (): Promise<unknown> =>
    run(ctx, world, world.enter(scope, shielded), (node as { body: Node }).body);
  switch (node.kind) {
    case 'activity':
      return world.begin(scope, 'activity', () => ctx.runActivity('a', node.n));
    case 'sleep':
      await world.begin(scope, 'sleep', () => ctx.sleep(node.n));
      break;
    case 'signal': {
      const options = node.n > 1 ? { timeout: node.n } : undefined;
      world.log.push(
        `signal ${await world.begin(scope, 'signal', () => ctx.waitSignal(`s${node.n % 2}`, options))}`,
      );
      break;
    }
    case 'condition': {
      const until = world.count + (node.n % 3);
      // One that holds already begins nothing.
      const wait = (): any => ctx.waitCondition(() => world.count >= until);
      await (node.n % 3 > 0 ? world.begin(scope, 'condition', wait) : wait());
      break;
    }
    case 'plain':
      for (let i = 0; i < node.n * 4; i++) await undefined;
      break;
    case 'shared':
      await (world.shared[node.n] ??= world.begin(scope, 'shared', () => ctx.sleep(node.n)));
      break;
    case 'cancel':
      world.cancelNth(node.n, scope);
      break;
    case 'throw':
      throw new Error('thrown');
    case 'sequence':
      for (const part of node.parts) await run(ctx, world, scope, part);
      break;
    case 'all':
      return ctx.all(each(node.parts));
    case 'any':
      return ctx.any(each(node.parts));
    case 'native':
      return Promise.all(each(node.parts));
    case 'map':
      return ctx.map(node.parts, (part: Node) => run(ctx, world, scope, part), { concurrency: 2 });
    case 'race':
      return ctx.race(Object.fromEntries(each(node.parts).map((part, i) => [`k${i}`, part])));
    case 'attempt':
      try {
        return await run(ctx, world, scope, node.body);
      } catch (error) {
        world.log.push(`${scope.name} caught ${(error as Error).name}`);
      }
      break;
    case 'listener':
      ctx.signal.addEventListener('abort', () => run(ctx, world, scope, node.body).catch(() => undefined));
      break;
    case 'scope':
      await ctx.scope(async (handle: any) => {
        const own = world.enter(scope, false);
        own.cancel = (reason) => handle.cancel(reason);
        return run(ctx, world, own, node.body);
      });
      break;
    case 'nonCancellable':
      await ctx.nonCancellable(inside(true));
      break;
    case 'withTimeout':
      await ctx.withTimeout(3, inside(false));
      break;
    case 'saga':
      await ctx.saga(async (undo: any) => {
        const own = world.enter(scope, false);
        undo(async () => run(ctx, world, world.enter(own, true), node.undo));
        return run(ctx, world, own, node.body);
      });
      break;
  }
  world.log.push(`${scope.name} ${node.kind} ${ctx.now().getTime()}`);
  return world.check(scope, `the end of ${node.kind}`);
}

/** The program, and the world of its newest execution. */
function workflow(node: Node) {
  const made: { world: World } = { world: undefined as never };
  const code = async (ctx: any, _input: unknown, instance: WorkflowInstance): Promise<unknown> => {
    const world = (made.world = new World(instance));
    ctx.onSignal('extra', async () => {
      world.count += 1;
      world.check(world.root, 'a handler');
      await undefined;
      world.cancelNth(world.count % 3, world.root);
    });
    await run(ctx, world, world.root, node);
    return world.log;
  };
  return { code, made };
}

/** What the world may do next: settle something pending, or send a message. */
function choose(instance: WorkflowInstance, dice: number): Unplaced<InputEvent> {
  if (dice > 90) return cancelRequested;
  const options: Unplaced<InputEvent>[] = [signalled('s0', dice), signalled('s1', dice), signalled('extra')];
  for (const wait of instance.waits.all()) {
    if (wait.kind === 'activity') options.push(completed(wait.id, dice), failed(wait.id), completed(wait.id));
    if (wait.kind === 'timer') options.push(fired(wait.id), fired(wait.id), fired(wait.id));
  }
  return options[dice % options.length] as Unplaced<InputEvent>;
}

function fingerprint({ instance }: Bench, { log }: World): unknown {
  const { settlement, recorder, waits, blockage } = instance;
  const end = withoutStacks(settlement);
  return { end, log, head: recorder.head, waits: [...waits.all()].map((wait) => wait.id), blockage };
}

test('D3 every operation counts to the scope that its code is in, live and on every replay', async () => {
  await fc.assert(
    fc.asyncProperty(
      program,
      fc.array(fc.integer({ min: 0, max: 97 }), { maxLength: 14 }),
      async (node, dice) => {
        const { code, made } = workflow(node);
        const again = workflow(node);
        const live = await begin(code);
        let at = 1_000;
        for (const roll of dice) {
          expect(made.world.wrong).toEqual([]);
          expect(live.instance.blockage).toBeUndefined();
          const replay = await replayed(again.code, live.history);
          expect(fingerprint(replay, again.made.world)).toEqual(fingerprint(live, made.world));
          if (live.instance.settlement) break;
          const input = choose(live.instance, roll);
          if (live.instance.accepts(input)) made.world.foresee(input);
          await live.feed(input, (at += roll));
          made.world.checkWaits();
        }
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);

test('D3 a body stays in its scope, however often it awaits what has settled already', async () => {
  const scopes: unknown[] = [];
  await begin(async (ctx, _input, instance) => {
    const settled = ctx.sleep(1);
    settled.cancel();
    const branch = (offset: number) =>
      ctx.scope(async () => {
        const { current } = instance.scopes;
        for (let i = 0; i < offset; i++) await undefined;
        for (let i = 0; i < 100; i++) await settled.catch(() => undefined);
        scopes.push(instance.scopes.current === current);
      });
    await ctx.all([branch(0), branch(1), branch(2), branch(3), branch(4)]);
  });
  expect(scopes).toEqual([true, true, true, true, true]);
});

test('D3 a body stays in its scope through the plain awaits before its first task', async () => {
  const scopes: unknown[] = [];
  await begin(async (ctx, _input, instance) => {
    const branch = (awaits: number) =>
      ctx.scope(async () => {
        const { current } = instance.scopes;
        for (let i = 0; i < awaits; i++) await undefined;
        scopes.push(instance.scopes.current === current);
        await ctx.sleep(1);
      });
    await Promise.all([branch(0), branch(1), branch(7), branch(60)]);
  });
  expect(scopes).toEqual([true, true, true, true]);
});

test('D3 a run that opens no scope pays nothing: all its tasks share one `then`', async () => {
  await begin(async (ctx) => {
    const task = ctx.sleep(1);
    const shared = ctx.sleep(2).then;
    expect(task.then).toBe(shared);
    void ctx.scope(async () => undefined);
    expect(task.then).not.toBe(shared);
  });
  expect.assertions(2);
});

test('D3 cancelling a scope from outside its window blocks the run, and a query cannot', async () => {
  let escaped!: { cancel(): void };
  const bench = await begin(async (ctx) => {
    ctx.onQuery('cancel', () => escaped.cancel());
    await ctx.scope(async (scope: { cancel(): void }) => {
      escaped = scope;
      await ctx.sleep(1);
    });
  });
  expect(() => bench.instance.query('cancel', undefined)).toThrow('may look, not act');
  expect(bench.instance.blockage).toBeUndefined();
  expect(bench.instance.waits.size).toBe(1);
  escaped.cancel();
  expect(bench.instance.waits.size).toBe(1);
  expect(bench.instance.blockage?.code).toBe('foreign_await');
});

test('D3 two waiters on one lock in scopes of their own never both enter', async () => {
  for (const plain of [0, 1, 3]) {
    let inside = 0;
    let most = 0;
    const bench = await begin(async (ctx) => {
      let locked = false;
      const enter = async (): Promise<void> => {
        await ctx.waitCondition(() => !locked);
        locked = true;
        most = Math.max(most, ++inside);
        await ctx.sleep(1);
        inside -= 1;
        locked = false;
      };
      const settled = ctx.sleep(1);
      settled.cancel();
      const branch = (first: () => Promise<unknown>) =>
        ctx.scope(async () => {
          await first();
          await enter();
        });
      const rejected = (): Promise<unknown> => settled.catch(() => undefined);
      const plainly = async (): Promise<void> => {
        for (let i = 0; i < plain; i++) await undefined;
      };
      await ctx.all([branch(rejected), branch(plainly), enter(), branch(rejected), branch(plainly)]);
    });
    for (let timer = 0; timer < 20 && !bench.instance.settlement; timer++) {
      const [wait] = [...bench.instance.waits.all()].filter(({ kind }) => kind === 'timer');
      await bench.feed(fired((wait as { id: string }).id));
    }
    expect(bench.instance.settlement?.kind).toBe('completed');
    expect(most).toBe(1);
  }
});

test('D3 who awaited a task before there was any scope goes on outside, though code in a scope cancels the task', async () => {
  const outside: unknown[] = [];
  const bench = await begin(async (ctx, _input, instance) => {
    const early = ctx.sleep(1);
    const waiting = async (): Promise<void> => {
      await early.catch(() => undefined);
      outside.push(instance.scopes.current === instance.scopes.root);
      await ctx.sleep(2);
    };
    const waits = waiting();
    await ctx.waitSignal('go');
    await ctx.scope(async () => {
      await ctx.sleep(3);
      early.cancel();
      await ctx.sleep(4);
    });
    await waits;
  });
  await bench.feed(signalled('go'));
  await bench.feed(fired('t3'));
  expect(outside).toEqual([true]);
  expect(bench.instance.waits.size).toBe(2);
});

test('D3 who awaited a group before there was any scope goes on outside, though code in a scope ends the group', async () => {
  const outside: unknown[] = [];
  const bench = await begin(async (ctx, _input, instance) => {
    let open!: () => void;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const waiting = async (): Promise<void> => {
      await ctx.all([gate]);
      outside.push(instance.scopes.current === instance.scopes.root);
    };
    const waits = waiting();
    await ctx.waitSignal('go');
    await ctx.scope(async () => {
      await ctx.sleep(3);
      open();
      await ctx.sleep(4);
    });
    await waits;
  });
  await bench.feed(signalled('go'));
  await bench.feed(fired('t2'));
  expect(outside).toEqual([true]);
});

test('what comes after a condition that holds no more when its turn comes belongs to the run, live and on replay', async () => {
  const program = async (ctx: any): Promise<void> => {
    let locked = false;
    const enter = async (): Promise<void> => {
      await ctx.waitCondition(() => !locked);
      locked = true;
    };
    ctx.onSignal('nap', () => void ctx.sleep(1_000));
    await ctx.nonCancellable(() => ctx.all([enter(), enter()]));
  };
  const live = await begin(program);
  await live.feed(signalled('nap'));
  await live.feed(cancelRequested);
  expect(live.history.map(({ type }) => type)).toEqual([
    'WorkflowStarted',
    'ConditionWaitOpened',
    'SignalReceived',
    'TimerStarted',
    'CancelRequested',
    'TimerCancelled',
  ]);
  expect((await replayed(program, live.history)).instance.blockage).toBeUndefined();
});
