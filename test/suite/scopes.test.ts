import {
  CancelledError,
  defineActivity,
  defineWorkflow,
  isCancelled,
  ScopeTimeoutError,
  WorkflowCancelledError,
  WorkflowFailedError,
  type CancellationScope,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { eventTypes, open, rejection } from './kit.js';

const echo = defineActivity('echo', (value: unknown) => value);
const failing = defineActivity('failing', { retry: { maximumAttempts: 1 } }, (what: string) => {
  throw new Error(what);
});
const activities = [echo, failing];

const messageOf = (error: unknown): string => `${(error as Error).name}: ${(error as Error).message}`;

test('E10 a scope settles as its body does', async () => {
  const workflow = defineWorkflow('settles', async (ctx) => [
    await ctx.scope(async () => ctx.runActivity(echo, 'value')),
    await ctx.scope(() => ctx.runActivity(echo, 'task')),
    await ctx
      .scope(async () => {
        throw new Error('body');
      })
      .catch(messageOf),
    await ctx
      .scope(() => {
        throw new Error('at once');
      })
      .catch(messageOf),
  ]);
  const engine = await open({ workflows: [workflow], activities });
  expect(await engine.execute(workflow)).toEqual(['value', 'task', 'Error: body', 'Error: at once']);
});

test('E10 a cancelled scope rejects what is pending in it and nothing else', async () => {
  const workflow = defineWorkflow('inner', async (ctx) => {
    const order: string[] = [];
    let opened!: CancellationScope;
    const outside = ctx.sleep('2s').then(() => order.push('outside'));
    const inside = ctx.scope(async (scope) => {
      opened = scope;
      await ctx.all([
        ctx.sleep('1h').catch((error: unknown) => order.push(`timer ${messageOf(error)}`)),
        ctx.waitSignal('x').catch((error: unknown) => order.push(`signal ${messageOf(error)}`)),
        ctx.scope(async () => {
          await ctx.sleep('1h').catch((error: unknown) => order.push(`nested ${messageOf(error)}`));
        }),
      ]);
      await ctx.sleep('1h');
    });
    await ctx.sleep('1s');
    opened.cancel('enough');
    order.push(messageOf(await inside.catch((error: unknown) => error)));
    await outside;
    return order;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toEqual([
    'timer CancelledError: enough',
    'signal CancelledError: enough',
    'nested CancelledError: enough',
    'CancelledError: enough',
    'outside',
  ]);
  expect((await handle.describe()).status).toBe('completed');
});

test('D3 nonCancellable finishes its body, and what comes after it is cancelled', async () => {
  const workflow = defineWorkflow('cleans', async (ctx) => {
    const done: string[] = [];
    ctx.onQuery('done', () => done);
    try {
      await ctx.sleep('1h');
    } finally {
      await ctx.nonCancellable(async () => {
        await ctx.sleep('1m');
        done.push(String(await ctx.runActivity(echo, 'cleaned')));
      });
      await ctx.runActivity(echo, 'never').catch((error: unknown) => done.push(messageOf(error)));
    }
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  await handle.cancel({ reason: 'stop' });
  await rejection(WorkflowCancelledError, handle.result());
  expect(await handle.query('done')).toEqual(['cleaned', 'CancelledError: stop']);
});

test('B7 cancellation during nonCancellable waits for its end', async () => {
  const workflow = defineWorkflow('careful', async (ctx) => {
    const paid = await ctx.nonCancellable(async () => {
      await ctx.sleep('10s');
      return ctx.runActivity(echo, 'paid');
    });
    try {
      await ctx.sleep('1h');
      return 'not cancelled';
    } catch (error) {
      return [paid, messageOf(error)];
    }
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  await engine.advance('1s');
  await handle.cancel({ reason: 'now' });
  expect((await handle.describe()).status).toBe('waiting');
  expect(await handle.result()).toEqual(['paid', 'CancelledError: now']);
});

test('E10 a task of another scope that is awaited in nonCancellable does not take its code out of there', async () => {
  const workflow = defineWorkflow('borrows', async (ctx) => {
    const outside = ctx.sleep('1h');
    return ctx.nonCancellable(async () => {
      const first = await outside.catch(messageOf);
      const second = await ctx.runActivity(echo, 'still here');
      await ctx.sleep('1s');
      return [first, second];
    });
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  await handle.cancel({ reason: 'stop' });
  expect(await handle.result()).toEqual(['CancelledError: stop', 'still here']);
});

test('E10 one task awaited in two scopes: each goes on in its own', async () => {
  const workflow = defineWorkflow('shares', async (ctx) => {
    const shared = ctx.sleep('1s');
    const log: string[] = [];
    const scopes: CancellationScope[] = [];
    const branch = (name: string) =>
      ctx
        .scope(async (scope) => {
          scopes.push(scope);
          await shared;
          log.push(`${name} woke`);
          await ctx.sleep('1h');
        })
        .catch((error: unknown) => log.push(`${name} ${messageOf(error)}`));
    const both = [branch('a'), branch('b')];
    await shared;
    log.push('root woke');
    await ctx.sleep('1s');
    scopes[1]?.cancel('b only');
    await both[1];
    await ctx.sleep('1s');
    scopes[0]?.cancel('then a');
    await both[0];
    return log;
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual([
    'a woke',
    'b woke',
    'root woke',
    'b CancelledError: b only',
    'a CancelledError: then a',
  ]);
});

test('E10 code that awaits nothing durable first still counts to its scope', async () => {
  const workflow = defineWorkflow('hops', async (ctx) => {
    const hops = async (n: number): Promise<void> => {
      for (let i = 0; i < n; i++) await undefined;
    };
    const opened: CancellationScope[] = [];
    const log: string[] = [];
    const branch = (n: number) =>
      ctx
        .scope(async (scope) => {
          opened.push(scope);
          await hops(n);
          await ctx.scope(async () => {
            await hops(2);
            await ctx.sleep('1h');
          });
        })
        .catch((error: unknown) => log.push(`${n} ${messageOf(error)}`));
    const all = Promise.all([branch(0), branch(1), branch(5), branch(20)]);
    await hops(3);
    const mine = ctx.sleep('1m').then(() => log.push('mine'));
    await ctx.sleep('1s');
    for (const scope of opened) scope.cancel('cancelled');
    await mine;
    await all;
    return log;
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual([
    '0 CancelledError: cancelled',
    '1 CancelledError: cancelled',
    '5 CancelledError: cancelled',
    '20 CancelledError: cancelled',
    'mine',
  ]);
});

test('E10 cancelling a scope: from a handler, twice, after its end', async () => {
  const workflow = defineWorkflow('cancels', async (ctx) => {
    const log: string[] = [];
    let opened!: CancellationScope;
    const work = ctx.scope(async (scope) => {
      opened = scope;
      await ctx.sleep('1h').catch((error: unknown) => log.push(messageOf(error)));
      await ctx.sleep('1h').catch((error: unknown) => log.push(messageOf(error)));
      return 'ended';
    });
    ctx.onSignal('stop', (reason) => {
      opened.cancel(reason as string);
      opened.cancel('again');
    });
    log.push(await work);
    opened.cancel('too late');
    await ctx.sleep('1s');
    return log;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.signal('stop', 'first');
  expect(await handle.result()).toEqual(['CancelledError: first', 'CancelledError: first', 'ended']);
});

test('E10 a scope inside a cancelled one begins nothing; inside nonCancellable it works', async () => {
  const workflow = defineWorkflow('late', async (ctx) => {
    const log: unknown[] = [];
    await ctx.sleep('1h').catch(() => undefined);
    log.push(await ctx.scope(() => ctx.sleep(1)).catch(messageOf));
    log.push(await ctx.withTimeout('1s', () => ctx.runActivity(echo, 1)).catch(messageOf));
    await ctx.nonCancellable(async () => {
      log.push(await ctx.scope(() => ctx.runActivity(echo, 'works')));
      log.push(await ctx.withTimeout('1h', () => ctx.runActivity(echo, 'works too')));
      let inner!: CancellationScope;
      const work = ctx.scope(async (scope) => {
        inner = scope;
        await ctx.sleep('1h');
      });
      await ctx.sleep(1);
      inner.cancel('from inside');
      log.push(await work.catch(messageOf));
    });
    return log;
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  await handle.cancel({ reason: 'stop' });
  expect(await handle.result()).toEqual([
    'CancelledError: stop',
    'CancelledError: stop',
    'works',
    'works too',
    'CancelledError: from inside',
  ]);
});

test('E10 withTimeout gives the result in time, and its timer goes', async () => {
  const workflow = defineWorkflow('in-time', async (ctx) => {
    const value = await ctx.withTimeout('1h', () => ctx.runActivity(echo, 'quick'));
    await ctx.sleep('1s');
    return value;
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toBe('quick');
  expect(await eventTypes(handle)).toEqual([
    'WorkflowStarted',
    'TimerStarted',
    'ActivityScheduled',
    'ActivityCompleted',
    'TimerCancelled',
    'TimerStarted',
    'TimerFired',
    'WorkflowCompleted',
  ]);
});

test('E10 withTimeout rejects with ScopeTimeoutError when time is up, however the body ends', async () => {
  const workflow = defineWorkflow('too-late', async (ctx) => {
    const log: string[] = [];
    const attempt = async (body: () => Promise<unknown>): Promise<void> => {
      const error = await ctx.withTimeout('5s', body).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      const { code, cause } = error as ScopeTimeoutError;
      log.push([error instanceof ScopeTimeoutError, code, cause && messageOf(cause)].join(' '));
    };
    await attempt(() => ctx.sleep('1h'));
    await attempt(async () => {
      await ctx.sleep('1h').catch((error: unknown) => log.push(messageOf(error)));
      await ctx.nonCancellable(() => ctx.sleep('1m'));
      return 'late';
    });
    await attempt(async () => {
      await ctx.sleep('1h').catch(() => undefined);
      throw new Error('cleanup');
    });
    return log;
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual([
    'true scope_timeout ',
    'CancelledError: ctx.withTimeout: time was up after 5000 ms',
    'true scope_timeout ',
    'true scope_timeout Error: cleanup',
  ]);
});

test('E10 withTimeout that was cancelled first rejects with the cancellation', async () => {
  const workflow = defineWorkflow('cancelled-first', async (ctx) =>
    ctx
      .withTimeout('5s', async () => {
        try {
          await ctx.sleep('1h');
        } finally {
          await ctx.nonCancellable(() => ctx.sleep('1m'));
        }
      })
      .catch(messageOf),
  );
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.cancel({ reason: 'outside' });
  expect(await handle.result()).toBe('CancelledError: outside');
});

test('E10 a timeout that nobody catches fails the workflow with its code', async () => {
  const workflow = defineWorkflow('uncaught', (ctx) => ctx.withTimeout('5s', () => ctx.sleep('1h')));
  const engine = await open({ workflows: [workflow] });
  const { failure } = await rejection(WorkflowFailedError, engine.execute(workflow));
  expect(failure).toMatchObject({ name: 'ScopeTimeoutError', code: 'scope_timeout' });
});

test('E10 nested timeouts: the one that is up first decides', async () => {
  const workflow = defineWorkflow('nested', async (ctx) => {
    const log: unknown[] = [];
    log.push(
      await ctx
        .withTimeout('10s', async () => {
          log.push(await ctx.withTimeout('5s', () => ctx.sleep('1h')).catch(messageOf));
          await ctx.sleep('1h');
        })
        .catch(messageOf),
    );
    return log;
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual([
    'ScopeTimeoutError: ctx.withTimeout: time was up after 5000 ms',
    'ScopeTimeoutError: ctx.withTimeout: time was up after 10000 ms',
  ]);
});

test('E10 C17 saga undoes in reverse order when a step fails, and tells what failed', async () => {
  const workflow = defineWorkflow('books', async (ctx) => {
    const undone: string[] = [];
    const error = await ctx
      .saga(async (undo) => {
        for (const what of ['car', 'hotel']) {
          await ctx.runActivity(echo, what);
          undo(async () => undone.push(String(await ctx.runActivity(echo, `not ${what}`))));
        }
        await ctx.runActivity(failing, 'no flight');
      })
      .catch((thrown: unknown) => thrown);
    return [undone, messageOf((error as Error).cause)];
  });
  const engine = await open({ workflows: [workflow], activities });
  expect(await engine.execute(workflow)).toEqual([['not hotel', 'not car'], 'Error: no flight']);
});

test('E10 saga undoes nothing when its body completes', async () => {
  const workflow = defineWorkflow('books-well', (ctx) =>
    ctx.saga(async (undo) => {
      undo(() => ctx.runActivity(failing, 'never'));
      return ctx.runActivity(echo, 'booked');
    }),
  );
  const engine = await open({ workflows: [workflow], activities });
  expect(await engine.execute(workflow)).toBe('booked');
});

test('B7 saga undoes when the workflow is cancelled, and the workflow ends cancelled', async () => {
  const undone: string[] = [];
  const undo = defineActivity('undo', (what: string) => void undone.push(what));
  const workflow = defineWorkflow('books-cancelled', (ctx) =>
    ctx.saga(async (undoWith) => {
      undoWith(() => ctx.runActivity(undo, 'first'));
      undoWith(async () => {
        await ctx.sleep('1m');
        await ctx.runActivity(undo, 'second');
      });
      await ctx.sleep('1h');
    }),
  );
  const engine = await open({ workflows: [workflow], activities: [undo] });
  const handle = await engine.start(workflow);
  await handle.cancel({ reason: 'changed plans' });
  await rejection(WorkflowCancelledError, handle.result());
  expect(undone).toEqual(['second', 'first']);
});

test('E10 an undo step that fails does not stop the others, and is told', async () => {
  const workflow = defineWorkflow('books-badly', async (ctx) => {
    const undone: string[] = [];
    const error = await ctx
      .saga(async (undo) => {
        undo(async () => undone.push('first'));
        undo(() => ctx.runActivity(failing, 'cannot undo'));
        undo(() => {
          throw new Error('nor this');
        });
        throw new Error('body');
      })
      .catch((thrown: unknown) => thrown);
    const { errors, cause, message } = error as AggregateError;
    return [
      undone,
      message,
      errors.map((one: Error) => (one.cause as Error | undefined)?.message ?? one.message),
      messageOf(cause),
    ];
  });
  const engine = await open({ workflows: [workflow], activities });
  expect(await engine.execute(workflow)).toEqual([
    ['first'],
    'ctx.saga failed, and 2 of its undo steps too',
    ['nor this', 'cannot undo'],
    'Error: body',
  ]);
});

test('E10 race and any cancel scopes, sagas and groups that lost', async () => {
  const workflow = defineWorkflow('losers', async (ctx) => {
    const log: string[] = [];
    const lost = (name: string) => async () => {
      await ctx.sleep('1h').catch((error: unknown) => log.push(`${name} ${isCancelled(error)}`));
    };
    await ctx.race({
      scope: ctx.scope(lost('scope')),
      late: ctx.withTimeout('1h', lost('timeout')),
      saga: ctx.saga(lost('saga')),
      all: ctx.all([ctx.sleep('1h'), ctx.any([ctx.waitSignal('x')])]),
      map: ctx.map([1, 2], () => ctx.sleep('1h')),
      first: ctx.sleep('1s'),
    });
    await ctx.any([ctx.scope(lost('any')), ctx.sleep('1s')]);
    await ctx.sleep('1s');
    return log;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toEqual(['scope true', 'timeout true', 'saga true', 'any true']);
  expect(engine.now.getTime() - (await handle.describe()).startedAt.getTime()).toBeLessThan(60_000);
});

test('A12 cancelling one task: twice, after its end, while it waits its turn', async () => {
  const workflow = defineWorkflow('one-by-one', async (ctx) => {
    const log: string[] = [];
    const timer = ctx.sleep('1h');
    timer.cancel('first');
    timer.cancel('second');
    log.push(await timer.then(() => 'slept', messageOf));
    timer.cancel('third');
    const activity = ctx.runActivity(echo, 1, { taskQueue: 'nobody' });
    activity.cancel('not needed');
    log.push(await activity.then(String, (error: unknown) => (error as Error & { code: string }).code));
    const done = ctx.runActivity(echo, 'done');
    log.push(String(await done));
    done.cancel();
    const granted = ctx.waitCondition(() => true);
    const queued = ctx.waitCondition(() => true);
    queued.cancel('no more');
    log.push(String(await granted), await queued.then(String, messageOf));
    await ctx.sleep('1s');
    return log;
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toEqual([
    'CancelledError: first',
    'activity_cancelled',
    'done',
    'true',
    'CancelledError: no more',
  ]);
  expect((await eventTypes(handle)).filter((type) => type === 'TimerCancelled')).toHaveLength(1);
});

test('D3 ctx.signal tells the run of its cancellation, in its window', async () => {
  const workflow = defineWorkflow('listens', async (ctx) => {
    const log: unknown[] = [ctx.signal.aborted];
    const removed = (): void => void log.push('removed');
    ctx.signal.addEventListener('abort', removed);
    ctx.signal.removeEventListener('abort', removed);
    ctx.signal.addEventListener('abort', () => {
      log.push((ctx.signal.reason as CancelledError).message);
      void ctx.nonCancellable(async () => log.push(await ctx.runActivity(echo, 'from the listener')));
    });
    const inner: AbortSignal[] = [];
    await ctx
      .scope(async (scope) => {
        inner.push(scope.signal);
        await ctx.sleep('1h');
      })
      .catch(() => undefined);
    await ctx.nonCancellable(() => ctx.sleep('1m'));
    log.push(ctx.signal.aborted, inner[0]?.aborted);
    return log;
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  await handle.cancel({ reason: 'stop' });
  expect(await handle.result()).toEqual([false, 'stop', 'from the listener', true, true]);
});

test('D3 a listener that throws fails the workflow, not the host', async () => {
  const workflow = defineWorkflow('listens-badly', async (ctx) => {
    ctx.signal.addEventListener('abort', () => {
      throw new Error('listener');
    });
    await ctx.sleep('1h').catch(() => undefined);
    await ctx.nonCancellable(() => ctx.sleep('1m'));
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.cancel();
  expect((await rejection(WorkflowFailedError, handle.result())).failure.message).toBe('listener');
});

test('D3 the signal of a scope aborts with the scope only', async () => {
  const workflow = defineWorkflow('signals', async (ctx) => {
    const seen: unknown[] = [];
    const work = ctx.scope(async (scope) => {
      const cancelled = new CancelledError('mine');
      scope.signal.addEventListener('abort', () => seen.push((scope.signal.reason as Error).message));
      scope.cancel(cancelled.message);
      seen.push(scope.signal.aborted, ctx.signal.aborted);
      await ctx.sleep(1);
    });
    seen.push(await work.catch(messageOf));
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual(['mine', true, false, 'CancelledError: mine']);
});

test('E10 what is not a function is refused', async () => {
  const workflow = defineWorkflow('wrong', async (ctx) => {
    const codes: unknown[] = [];
    const wrong: unknown = Promise.resolve(1);
    for (const attempt of [
      () => ctx.scope(wrong as () => Promise<void>),
      () => ctx.nonCancellable(wrong as () => Promise<void>),
      () => ctx.withTimeout('1s', wrong as () => Promise<void>),
      () => ctx.withTimeout('soon' as '1s', async () => undefined),
      () => ctx.saga(wrong as () => Promise<void>),
      () => ctx.saga(async (undo) => undo(wrong as () => Promise<void>)),
    ]) {
      try {
        await attempt();
      } catch (error) {
        codes.push((error as { code?: string }).code);
      }
    }
    return codes;
  });
  const engine = await open({ workflows: [workflow] });
  expect(await engine.execute(workflow)).toEqual(Array(6).fill('invalid_argument'));
});

test('D3 predicates and queries may look at the signal', async () => {
  const workflow = defineWorkflow('looks', async (ctx) => {
    ctx.onQuery('aborted', () => ctx.signal.aborted);
    return ctx.nonCancellable(async () => {
      await ctx.waitCondition(() => ctx.signal.aborted);
      return 'seen';
    });
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  expect(await handle.query('aborted')).toBe(false);
  await handle.cancel();
  expect(await handle.result()).toBe('seen');
  expect(await handle.query('aborted')).toBe(true);
});

test.each(['before-commit', 'after-commit'] as const)(
  'B7 a saga that is undone while its process crashes (%s) schedules each step once',
  async (at) => {
    const workflow = defineWorkflow('crashes', (ctx) =>
      ctx.saga(async (undo) => {
        for (const n of [1, 2, 3]) {
          await ctx.runActivity(echo, n);
          undo(async () => {
            await ctx.sleep('1s');
            await ctx.runActivity(echo, -n);
          });
        }
        await ctx.sleep('1h');
      }),
    );
    const engine = await open({ workflows: [workflow], activities });
    const handle = await engine.start(workflow);
    await engine.advance('1s');
    await handle.cancel();
    const ended = rejection(WorkflowCancelledError, handle.result());
    for (let i = 0; i < 3; i++) await engine.crash({ at });
    await ended;
    const scheduled: unknown[] = [];
    for await (const { type, attributes } of handle.history())
      if (type === 'ActivityScheduled') scheduled.push(attributes['input']);
    expect(scheduled).toEqual([1, 2, 3, -3, -2, -1]);
  },
);

test('D3 of a signal and a cancellation at one moment, the first in history decides', async () => {
  const workflow = defineWorkflow('at-once', async (ctx) => {
    const { key } = await ctx.race({ go: ctx.waitSignal('go'), late: ctx.sleep('1h') });
    return key;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await Promise.all([handle.signal('go'), handle.cancel()]);
  await handle.result().catch(() => undefined);
  const types = await eventTypes(handle);
  const first = types.find((type) => type === 'SignalReceived' || type === 'CancelRequested');
  expect(types.at(-1)).toBe(first === 'SignalReceived' ? 'WorkflowCompleted' : 'WorkflowCancelled');
});

test('D3 a workflow that swallows its cancellation and goes on ends as it ends', async () => {
  const workflow = defineWorkflow('goes-on', async (ctx) => {
    const log: string[] = [];
    for (let i = 0; i < 3; i++) {
      try {
        await ctx.scope(() => ctx.sleep('1h'));
      } catch (error) {
        log.push(messageOf(error));
      }
    }
    return log;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.cancel({ reason: 'stop' });
  expect(await handle.result()).toEqual(Array(3).fill('CancelledError: stop'));
});

test('D3 work that a body left behind is cancelled with what is around it', async () => {
  const workflow = defineWorkflow('leaves-behind', async (ctx) => {
    const log: string[] = [];
    let left: Promise<unknown> = Promise.resolve();
    await ctx.scope(async () => {
      left = ctx.sleep('1h').catch((error: unknown) => log.push(messageOf(error)));
    });
    await ctx.sleep('1h').catch((error: unknown) => log.push(messageOf(error)));
    await left;
    return log;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.cancel({ reason: 'stop' });
  expect(await handle.result()).toEqual(['CancelledError: stop', 'CancelledError: stop']);
});

test('D3 nonCancellable waits for plain promises that were begun outside', async () => {
  const workflow = defineWorkflow('winds-down', async (ctx) => {
    const ended: string[] = [];
    const worker = async (name: string): Promise<void> => {
      try {
        await ctx.sleep('1h');
      } finally {
        await ctx.nonCancellable(() => ctx.sleep(name === 'slow' ? '5s' : '1s'));
        ended.push(name);
      }
    };
    const workers = [worker('slow'), worker('quick')];
    try {
      await ctx.all(workers);
    } finally {
      await ctx.nonCancellable(async () => {
        await ctx.allSettled(workers);
        ended.push(String(await ctx.runActivity(echo, 'cleaned up')));
      });
    }
    return ended;
  });
  const engine = await open({ workflows: [workflow], activities });
  const handle = await engine.start(workflow);
  await handle.cancel();
  await rejection(WorkflowCancelledError, handle.result());
  const types = await eventTypes(handle);
  expect(types.filter((type) => type === 'TimerFired')).toHaveLength(2);
  expect(types.slice(-3)).toEqual(['ActivityScheduled', 'ActivityCompleted', 'WorkflowCancelled']);
});

test('B7 a cancelled scope asks its children to cancel, and those outside go on', async () => {
  const child = defineWorkflow('child', (ctx) => ctx.sleep('1h'));
  const workflow = defineWorkflow('parent', async (ctx) => {
    const outside = ctx.runChild(child, undefined, { id: 'outside' });
    const log: unknown[] = [];
    log.push(
      await ctx
        .withTimeout('5s', () => ctx.runChild(child, undefined, { id: 'in-time' }))
        .catch((error: unknown) => (error as ScopeTimeoutError).code),
    );
    const kept: Promise<unknown>[] = [];
    const work = ctx.scope(async (scope) => {
      kept.push(ctx.nonCancellable(() => ctx.runChild(child, undefined, { id: 'kept' })));
      ctx.onSignal('stop', () => scope.cancel('stopped'));
      await ctx.runChild(child, undefined, { id: 'inside' });
    });
    log.push(await work.catch((error: unknown) => isCancelled(error)));
    await ctx.allSettled([outside, ...kept]);
    return log;
  });
  const engine = await open({ workflows: [workflow, child] });
  const handle = await engine.start(workflow);
  await engine.advance('10s');
  await handle.signal('stop');
  expect(await handle.result()).toEqual(['scope_timeout', true]);
  const statuses = [];
  for (const id of ['in-time', 'inside', 'outside', 'kept']) {
    await engine
      .handle(id)
      .result()
      .catch(() => undefined);
    statuses.push((await engine.handle(id).describe()).status);
  }
  expect(statuses).toEqual(['cancelled', 'cancelled', 'completed', 'completed']);
});

test('C1 a saga that continues as a new run undoes nothing', async () => {
  const undone: number[] = [];
  const undoing = defineActivity('undoing', (n: number) => void undone.push(n));
  const workflow = defineWorkflow('goes-on', async (ctx, round: number) =>
    ctx.saga(async (undo) => {
      undo(() => ctx.runActivity(undoing, round));
      await ctx.sleep('1s');
      if (round < 2) ctx.continueAsNew(round + 1);
      return round;
    }),
  );
  const engine = await open({ workflows: [workflow], activities: [undoing] });
  const handle = await engine.start(workflow, 0);
  expect(await handle.result()).toBe(2);
  expect(undone).toEqual([]);
  for (const { runId } of await handle.runs())
    expect(await eventTypes(engine.handle(handle.workflowId, runId))).not.toContain('ActivityScheduled');
});

test('D3 what onabort is set to is workflow code like any listener, on every host', async () => {
  const workflow = defineWorkflow('handling', async (ctx, replace: boolean) => {
    const fails = (): void => {
      throw new Error('from onabort');
    };
    ctx.signal.onabort = fails;
    expect(ctx.signal.onabort).toBe(fails);
    if (replace) ctx.signal.onabort = null;
    await ctx.waitSignal('never');
  });
  const engine = await open({ workflows: [workflow] });
  for (const [replace, status] of [
    [false, 'failed'],
    [true, 'cancelled'],
  ] as const) {
    const handle = await engine.start(workflow, replace);
    await engine.runUntilIdle();
    await handle.cancel();
    await engine.runUntilIdle();
    expect((await handle.describe()).status).toBe(status);
  }
});
