import { describe, expect, test } from 'vitest';
import {
  begin,
  cancelRequested,
  completed,
  failed,
  fired,
  outcome,
  replayed,
  signalled,
  started,
  typesOf,
} from './instance.testkit.js';

describe('one event at a time', () => {
  test('commands follow the input that caused them, in call order', async () => {
    const run = await begin(async (ctx) => {
      const a = ctx.runActivity('a', 1);
      const b = ctx.runActivity('b', 2);
      await a;
      ctx.runActivity('c', 3);
      await b;
    });
    await run.feed(completed('a2'));
    await run.feed(completed('a1'));
    expect(typesOf(run.history)).toEqual([
      'WorkflowStarted',
      'ActivityScheduled',
      'ActivityScheduled',
      'ActivityCompleted',
      'ActivityCompleted',
      'ActivityScheduled',
    ]);
    expect(run.history.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(run.instance.settlement?.kind).toBe('completed');
  });

  test('the same order of results live and replayed, however deep the awaits', async () => {
    const program = async (ctx: any): Promise<string[]> => {
      const order: string[] = [];
      const branch = async (name: string, depth: number): Promise<void> => {
        await ctx.runActivity(name);
        for (let i = 0; i < depth; i++) await undefined;
        order.push(name);
      };
      await Promise.all([branch('x', 200), branch('y', 0), branch('z', 30)]);
      return order;
    };
    const live = await begin(program);
    for (const id of ['a1', 'a2', 'a3']) await live.feed(completed(id));
    expect(outcome(live)).toEqual(['x', 'y', 'z']);
    expect(outcome(await replayed(program, live.history))).toEqual(['x', 'y', 'z']);
  });
});

test('a run that holds nothing but its start begins as if it had just been started', async () => {
  const program = async (ctx: any): Promise<unknown> => [ctx.info.replaying, await ctx.runActivity('a')];
  const run = await replayed(program, [started()]);
  expect(run.instance.blockage).toBeUndefined();
  expect(run.history.map(({ seq, type }) => [seq, type])).toEqual([[2, 'ActivityScheduled']]);
  await run.feed(completed('a1', 7));
  expect(outcome(run)).toEqual([false, 7]);
});

describe('time and chance', () => {
  test('the clock is that of the newest input and never steps back', async () => {
    const run = await begin(async (ctx) => {
      const times = [ctx.now().getTime()];
      await ctx.runActivity('a');
      times.push(ctx.now().getTime());
      await ctx.runActivity('b');
      times.push(ctx.now().getTime());
      return times;
    });
    await run.feed(completed('a1'), 5_000);
    await run.feed(completed('a2'), 4_000);
    expect(outcome(run)).toEqual([1_000, 5_000, 5_000]);
  });

  test('C9 random numbers and uuids are the same on every replay', async () => {
    const program = async (ctx: any): Promise<unknown[]> => {
      const before = [ctx.random(), ctx.uuid4(), ctx.uuid7(), ctx.uuid7()];
      await ctx.runActivity('a');
      return [...before, ctx.random(), ctx.uuid7()];
    };
    const live = await begin(program);
    await live.feed(completed('a1'), 9_000);
    expect(outcome(await replayed(program, live.history))).toEqual(outcome(live));
    const [, four, seven, next] = outcome(live) as string[];
    expect(four).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(seven).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
    expect(next! > seven!).toBe(true);
  });

  test('C9 a side effect runs once and is read back', async () => {
    let ran = 0;
    const program = async (ctx: any): Promise<unknown> => {
      const value = ctx.sideEffect(() => ++ran);
      await ctx.runActivity('a');
      return value;
    };
    const live = await begin(program);
    await live.feed(completed('a1'));
    expect(outcome(await replayed(program, live.history))).toBe(1);
    expect(ran).toBe(1);
  });

  test('the log is silent during replay', async () => {
    const lines: string[] = [];
    const log = {
      debug: () => undefined,
      warn: () => undefined,
      error: () => undefined,
      info: (line: string) => {
        lines.push(line);
      },
    };
    const program = async (ctx: any): Promise<void> => {
      ctx.log.info('begun');
      await ctx.runActivity('a');
      ctx.log.info('done');
    };
    const live = await begin(program, undefined, log);
    await replayed(program, live.history, log);
    expect(lines).toEqual(['begun']);
  });
});

describe('conditions', () => {
  test('two waiters on one lock never both enter', async () => {
    const program = async (ctx: any): Promise<string[]> => {
      let locked = true;
      const log: string[] = [];
      const worker = async (name: string): Promise<void> => {
        await ctx.waitCondition(() => !locked);
        locked = true;
        log.push(`${name} in`);
        await ctx.runActivity(name);
        log.push(`${name} out`);
        locked = false;
      };
      ctx.onSignal('open', () => {
        locked = false;
      });
      await Promise.all([worker('x'), worker('y')]);
      return log;
    };
    const live = await begin(program);
    await live.feed(signalled('open'));
    expect(live.instance.activities()).toHaveLength(1);
    await live.feed(completed('a3'));
    await live.feed(completed('a4'));
    expect(outcome(live)).toEqual(['x in', 'x out', 'y in', 'y out']);
    expect(outcome(await replayed(program, live.history))).toEqual(outcome(live));
  });

  test('C5 true at once adds no event, and a timeout gives false', async () => {
    const run = await begin(async (ctx) => [
      await ctx.waitCondition(() => true, { timeout: '1s' }),
      await ctx.waitCondition(() => false, { timeout: '1s' }),
    ]);
    expect(typesOf(run.history)).toEqual(['WorkflowStarted', 'ConditionWaitOpened', 'TimerStarted']);
    await run.feed(fired('t3'), 2_000);
    expect(outcome(run)).toEqual([true, false]);
  });

  test('a satisfied condition cancels its timer', async () => {
    let open = false;
    const run = await begin(async (ctx) => {
      ctx.onSignal('go', () => {
        open = true;
      });
      return ctx.waitCondition(() => open, { timeout: '1s' });
    });
    await run.feed(signalled('go'));
    expect(outcome(run)).toBe(true);
    expect(typesOf(run.history).slice(-2)).toEqual(['ConditionSatisfied', 'TimerCancelled']);
  });

  test('a predicate that calls ctx rejects its wait', async () => {
    const run = await begin(async (ctx) => ctx.waitCondition(() => ctx.random() > 2));
    expect(outcome(run)).toMatch(/failed: ctx.random cannot be used/);
  });
});

describe('signals', () => {
  test('A14 buffered, first in first out, one a wait, others untouched', async () => {
    const run = await begin(async (ctx) => {
      await ctx.runActivity('a');
      return [await ctx.waitSignal('x'), await ctx.waitSignal('x'), await ctx.waitSignal('y')];
    });
    await run.feed(signalled('x', 1));
    await run.feed(signalled('y', 'y'));
    await run.feed(completed('a1'));
    await run.feed(signalled('x', 2));
    expect(outcome(run)).toEqual([1, 2, 'y']);
  });

  test('C6 buffered signals reach a handler that is registered later, before conditions are looked at', async () => {
    const run = await begin(async (ctx) => {
      const seen: number[] = [];
      await ctx.runActivity('a');
      ctx.onSignal('n', (n: number) => {
        seen.push(n);
      });
      await ctx.waitCondition(() => seen.length > 0);
      return seen;
    });
    await run.feed(signalled('n', 1));
    await run.feed(signalled('n', 2));
    await run.feed(completed('a1'));
    expect(outcome(run)).toEqual([1, 2]);
  });

  test('a wait with a timeout gives undefined when it elapses, and later signals are kept', async () => {
    const run = await begin(async (ctx) => {
      const first = await ctx.waitSignal('x', { timeout: '1s' });
      return [first === undefined, await ctx.waitSignal('x')];
    });
    await run.feed(fired('t2'), 2_000);
    await run.feed(signalled('x', 7));
    expect(outcome(run)).toEqual([true, 7]);
  });

  test('the same message is taken once', async () => {
    const run = await begin(async (ctx) => [await ctx.waitSignal('x'), await ctx.waitSignal('x')]);
    const message = signalled('x', 1);
    await run.feed(message);
    await run.feed(message);
    expect(run.instance.settlement).toBeUndefined();
  });

  test('a handler that throws fails the workflow', async () => {
    const run = await begin(async (ctx) => {
      ctx.onSignal('x', () => {
        throw new Error('handler');
      });
      await ctx.sleep(1_000);
    });
    await run.feed(signalled('x'));
    expect(outcome(run)).toBe('failed: handler');
  });
});

describe('combinators', () => {
  test('race has the key of the first, and cancels the losers', async () => {
    const run = await begin(async (ctx) =>
      ctx.race({ work: ctx.runActivity('slow'), late: ctx.sleep(1_000) }),
    );
    await run.feed(fired('t2'), 2_000);
    expect(outcome(run)).toMatchObject({ key: 'late' });
    expect(typesOf(run.history).at(-1)).toBe('ActivityCancelRequested');
  });

  test('any takes the first success; all rejects with the first failure in history order', async () => {
    const any = await begin(async (ctx) => ctx.any([ctx.runActivity('a'), ctx.runActivity('b')]));
    await any.feed(failed('a1'));
    await any.feed(completed('a2', 'b'));
    expect(outcome(any)).toBe('b');
    const all = await begin(async (ctx) => ctx.all([ctx.runActivity('a'), ctx.runActivity('b')]));
    await all.feed(failed('a2', 'second'));
    await all.feed(failed('a1', 'first'));
    expect(outcome(all)).toMatch(/second/);
  });

  test('map keeps its concurrency and the order of the results', async () => {
    const run = await begin(async (ctx) =>
      ctx.map(['p', 'q', 'r'], (name: string) => ctx.runActivity(name), { concurrency: 2 }),
    );
    expect(run.instance.activities().map((wait) => wait.scheduled.activityType)).toEqual(['p', 'q']);
    await run.feed(completed('a2', 'Q'));
    expect(run.instance.activities().map((wait) => wait.scheduled.activityType)).toEqual(['p', 'r']);
    await run.feed(completed('a3', 'R'));
    await run.feed(completed('a1', 'P'));
    expect(outcome(run)).toEqual(['P', 'Q', 'R']);
  });
});

describe('cancellation', () => {
  test('rejects what is pending in creation order; nothing new begins afterwards', async () => {
    const run = await begin(async (ctx) => {
      const log: string[] = [];
      const note = (name: string) => (error: Error) => {
        log.push(`${name}: ${error.name}`);
      };
      await Promise.all([
        ctx.runActivity('a').catch(note('activity')),
        ctx.sleep(1_000).catch(note('timer')),
        ctx.waitSignal('x').catch(note('signal')),
      ]);
      await ctx.sleep(1).catch(note('later'));
      return log;
    });
    await run.feed(cancelRequested);
    expect(outcome(run)).toEqual([
      'activity: CancelledError',
      'timer: CancelledError',
      'signal: CancelledError',
      'later: CancelledError',
    ]);
  });

  test('a CancelledError that is let out ends the run cancelled', async () => {
    const run = await begin(async (ctx) => ctx.sleep(1_000));
    await run.feed(cancelRequested);
    expect(run.instance.settlement).toEqual({ kind: 'cancelled', reason: 'enough' });
  });

  test('A12 one cancelled activity rejects with an ActivityError', async () => {
    const run = await begin(async (ctx) => {
      const task = ctx.runActivity('a');
      task.cancel('changed my mind');
      return task.catch((error: any) => [error.code, error.kind]);
    });
    expect(outcome(run)).toEqual(['activity_cancelled', 'cancelled']);
  });
});

describe('divergence blocks and explains', () => {
  const original = async (ctx: any): Promise<void> => {
    await ctx.runActivity('reserve', 1);
    await ctx.runActivity('charge', 2);
    await ctx.sleep(1_000);
  };
  const history = async () => {
    const live = await begin(original);
    await live.feed(completed('a1'));
    await live.feed(completed('a2'));
    return live.history;
  };

  const changed: Record<string, [(ctx: any) => Promise<void>, { cause: string; seq: number }]> = {
    'A19 another name': [
      async (ctx) => {
        await ctx.runActivity('reserve', 1);
        await ctx.runActivity('pay', 2);
      },
      { cause: 'renamed', seq: 4 },
    ],
    'A19 another input': [
      async (ctx) => {
        await ctx.runActivity('reserve', 9);
      },
      { cause: 'changed_input', seq: 2 },
    ],
    'a call added': [
      async (ctx) => {
        await ctx.runActivity('reserve', 1);
        ctx.runActivity('charge', 2);
        await ctx.runActivity('extra');
      },
      { cause: 'inserted', seq: 5 },
    ],
    'a call removed': [
      async (ctx) => {
        await ctx.runActivity('reserve', 1);
        await ctx.waitSignal('x');
      },
      { cause: 'different', seq: 4 },
    ],
    'a missing tail': [
      async (ctx) => {
        await ctx.runActivity('reserve', 1);
      },
      { cause: 'removed', seq: 4 },
    ],
  };
  for (const [name, [code, expected]] of Object.entries(changed)) {
    test(name, async () => {
      const run = await replayed(code, await history());
      expect(run.instance.blockage).toMatchObject({ code: 'nondeterminism', details: expected });
      expect(run.history).toEqual([]);
    });
  }

  test('the same code goes on where it was', async () => {
    const run = await replayed(original, await history());
    expect(run.instance.blockage).toBeUndefined();
    await run.feed(fired('t3'), 9_000);
    expect(run.instance.settlement?.kind).toBe('completed');
  });

  test('a divergence that is caught stays a divergence', async () => {
    const run = await replayed(
      async (ctx) => {
        try {
          await ctx.runActivity('other');
        } catch {
          /* on purpose */
        }
      },
      await history(),
    );
    expect(run.instance.blockage?.code).toBe('nondeterminism');
    expect(run.instance.settlement).toBeUndefined();
  });
});

describe('foreign awaits', () => {
  test('a ctx call from outside the window is refused and reported', async () => {
    let resume!: () => void;
    let seen: unknown;
    const run = await begin(async (ctx) => {
      await Promise.race([
        ctx.sleep(1_000),
        new Promise<void>((resolve) => {
          resume = resolve;
        }),
      ]);
      try {
        ctx.random();
      } catch (error) {
        seen = error;
      }
    });
    resume();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(seen).toMatchObject({ code: 'foreign_await' });
    expect(run.instance.blockage?.code).toBe('foreign_await');
    expect(run.foreign()).toBe(1);
  });

  test('a run that waits for nothing durable is told from one that waits for the world', async () => {
    const stuck = await begin(async () => new Promise(() => undefined));
    expect(stuck.instance.waitsForTheWorld).toBe(false);
    const listening = await begin(async (ctx) => {
      ctx.onSignal('x', () => undefined);
      await new Promise(() => undefined);
    });
    expect(listening.instance.waitsForTheWorld).toBe(true);
  });
});

describe('failures nobody looks at', () => {
  test('never reach the host, and are counted', async () => {
    const run = await begin(async (ctx) => {
      ctx.runActivity('ignored');
      await ctx.sleep(1_000);
    });
    await run.feed(failed('a1'));
    await run.feed(fired('t2'), 3_000);
    expect(run.instance.settlement?.kind).toBe('completed');
    expect(run.instance.unobservedFailures().map((task) => task.id)).toEqual(['a1']);
  });

  test('a failure that is handled later counts as looked at', async () => {
    const run = await begin(async (ctx) => {
      const task = ctx.runActivity('late');
      await ctx.sleep(1_000);
      return task.catch(() => 'handled');
    });
    await run.feed(failed('a1'));
    await run.feed(fired('t2'), 3_000);
    expect(outcome(run)).toBe('handled');
    expect(run.instance.unobservedFailures()).toEqual([]);
  });
});

test('queries look and do not act', async () => {
  const run = await begin(async (ctx) => {
    let n = 0;
    ctx.onQuery('n', (add: number) => n + add);
    ctx.onQuery('bad', () => ctx.random());
    ctx.onQuery('late', async () => 1);
    await ctx.runActivity('a');
    n = 5;
    await ctx.sleep(1);
  });
  expect(run.instance.query('n', 1)).toBe(1);
  await run.feed(completed('a1'));
  expect(run.instance.query('n', 1)).toBe(6);
  for (const name of ['bad', 'late', 'unknown'])
    expect(() => run.instance.query(name, 0)).toThrow(expect.objectContaining({ code: 'query_rejected' }));
});

test('C5 of waiters on a free lock only one enters at a time', async () => {
  const program = async (ctx: any): Promise<string[]> => {
    let locked = false;
    const log: string[] = [];
    const worker = async (name: string): Promise<void> => {
      await ctx.waitCondition(() => !locked);
      locked = true;
      log.push(`${name} in`);
      await ctx.runActivity(name);
      log.push(`${name} out`);
      locked = false;
    };
    await Promise.all([worker('x'), worker('y'), worker('z')]);
    return log;
  };
  const live = await begin(program);
  expect(live.instance.activities()).toHaveLength(1);
  for (const [wait] = live.instance.activities(); live.instance.activities().length > 0;) {
    await live.feed(completed(live.instance.activities()[0]!.id));
    if (!wait) break;
  }
  expect(outcome(live)).toEqual(['x in', 'x out', 'y in', 'y out', 'z in', 'z out']);
  expect(outcome(await replayed(program, live.history))).toEqual(outcome(live));
});

test('B31 what a run knows of its history is the same on every replay', async () => {
  const program = async (ctx: any): Promise<unknown> => {
    const seen: unknown[] = [];
    const look = (): void => {
      seen.push(ctx.info.historyLength, ctx.info.historyBytes);
    };
    look();
    await ctx.sleep(1_000);
    look();
    await ctx.all([
      ctx.runActivity('a', ctx.info.historyLength),
      ctx.runActivity('b', ctx.info.historyBytes),
    ]);
    look();
    return seen;
  };
  const live = await begin(program);
  await live.feed(fired('t1'), 2_000);
  await live.feed(completed('a2', { b: 1, a: [2] }));
  await live.feed(completed('a3', 'é'));
  const back = await replayed(program, live.history);
  expect(back.instance.blockage).toBeUndefined();
  expect(outcome(back)).toEqual(outcome(live));
  expect(back.instance.historyBytes).toBe(live.instance.historyBytes);
});

test('a buffered signal that cannot be read blocks its run and nothing else', async () => {
  const bench = await begin(async (ctx) => {
    await ctx.sleep(1);
    ctx.onSignal('s', () => undefined);
    await ctx.sleep(1);
  });
  const input = { codec: 'nowhere', text: '1' };
  await bench.feed({ type: 'SignalReceived', name: 's', messageId: 'm', input });
  await bench.feed(fired('t1'));
  expect(bench.instance.blockage?.message).toContain("codec 'nowhere'");
});
