import { openStorage } from '#storage';
import {
  createClient,
  defineActivity,
  defineWorkflow,
  InvalidArgumentError,
  query,
  signal,
  update,
  UpdateFailedError,
  UpdateRejectedError,
  WaitTimeoutError,
  WorkflowNotActiveError,
  type Clock,
  type Schema,
  type UpdateHandle,
  type WorkflowHandle,
} from '@perdure/core';
import { expect, test, vi } from 'vitest';
import { bent } from './bent-storage.js';
import { clientOf, codeOf, crashAtEachCommit, eventTypes, gate, logBook, open, rejection } from './kit.js';

/** Takes numbers until their sum is large enough. */
const summing = defineWorkflow(
  'summing',
  { messages: { add: update<number, number>(), stop: signal() } },
  async (ctx) => {
    let sum = 0;
    ctx.onUpdate('add', (n) => (sum += n), {
      validate: (n) => {
        if (n <= 0) throw new RangeError(`${n} is not positive`);
      },
    });
    await ctx.waitSignal('stop');
    return sum;
  },
);

const updatesOf = async (handle: Pick<WorkflowHandle, 'history'>): Promise<string[]> =>
  (await eventTypes(handle)).filter((type) => type.startsWith('Update'));

test('B12 an update is applied, and its caller gets what its handler returned', async () => {
  const engine = await open({ workflows: [summing] });
  const handle = await engine.start(summing);
  expect(await handle.update('add', 2)).toBe(2);
  expect(await handle.update('add', 3)).toBe(5);
  await handle.signal('stop');
  expect(await handle.result()).toBe(5);
  expect(await updatesOf(handle)).toEqual([
    'UpdateAccepted',
    'UpdateCompleted',
    'UpdateAccepted',
    'UpdateCompleted',
  ]);
});

test('G5 a refused update writes nothing, and its caller gets the error of the validator', async () => {
  const engine = await open({ workflows: [summing] });
  const handle = await engine.start(summing);
  const before = await eventTypes(handle);
  const refused = await rejection(UpdateRejectedError, handle.update('add', -1, { id: 'u' }));
  expect(refused.code).toBe('update_rejected');
  expect(refused.message).toContain('-1 is not positive');
  expect(refused.cause).toMatchObject({ name: 'RangeError', message: '-1 is not positive' });
  expect(await eventTypes(handle)).toEqual(before);
  // The same id has the same outcome, whatever is sent with it.
  await rejection(UpdateRejectedError, handle.update('add', 7, { id: 'u' }));
  await handle.signal('stop');
  expect(await handle.result()).toBe(0);
});

test('C6 a validator is asked once, also where the run is replayed', async () => {
  let asked = 0;
  const workflow = defineWorkflow('asks', async (ctx) => {
    const seen: unknown[] = [];
    ctx.onUpdate('u', (value) => seen.push(value), { validate: () => void (asked += 1) });
    await ctx.waitSignal('stop');
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.update('u', 'a');
  await engine.crash();
  await handle.update('u', 'b');
  await handle.signal('stop');
  expect(await handle.result()).toEqual(['a', 'b']);
  expect(asked).toBe(2);
});

test('C6 a validator may look, not act, and has a value of its own', async () => {
  const workflow = defineWorkflow('strict', async (ctx) => {
    const seen: unknown[] = [];
    ctx.onUpdate('acts', () => 1, { validate: () => void ctx.sleep(1) });
    const promising: () => unknown = () => Promise.resolve();
    ctx.onUpdate('promises', () => 1, { validate: promising });
    ctx.onUpdate('mutates', (value: { n: number }) => seen.push(value.n), {
      validate: (value: { n: number }) => void (value.n = 99),
    });
    await ctx.waitSignal('stop');
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const acts = await rejection(UpdateRejectedError, handle.update('acts'));
  expect(acts.cause).toMatchObject({ code: 'query_rejected' });
  const promises = await rejection(UpdateRejectedError, handle.update('promises'));
  expect(promises.message).toContain('synchronous');
  await handle.update('mutates', { n: 1 });
  await handle.signal('stop');
  expect(await handle.result()).toEqual([1]);
});

test('B12 the stages accepted and completed', async () => {
  const workflow = defineWorkflow('stages', async (ctx) => {
    ctx.onUpdate('slow', async (value: string) => {
      await ctx.waitSignal('go');
      return value.toUpperCase();
    });
    ctx.onUpdate('quick', () => 1);
    await ctx.waitSignal('stop');
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const slow = await handle.startUpdate('slow', 'a', { id: 'slow' });
  expect(slow).toMatchObject({ updateId: 'slow', stage: 'accepted' });
  expect(await updatesOf(handle)).toEqual(['UpdateAccepted']);
  await rejection(WaitTimeoutError, slow.result({ timeout: '1s' }));
  await handle.signal('go');
  expect(await slow.result()).toBe('A');
  expect(await handle.startUpdate('slow', 'a', { id: 'slow' })).toMatchObject({ stage: 'completed' });
  const quick = await handle.startUpdate('quick', undefined, { waitFor: 'completed' });
  expect(quick.stage).toBe('completed');
  expect(await quick.result()).toBe(1);
});

test('C11 an error of a handler fails the update, and the workflow goes on', async () => {
  const failing = defineActivity('failing', { retry: { maximumAttempts: 1 } }, () => {
    throw new TypeError('out of stock');
  });
  const workflow = defineWorkflow('fails', async (ctx) => {
    ctx.onUpdate('throws', () => {
      throw new RangeError('no');
    });
    ctx.onUpdate('works', () => ctx.runActivity(failing));
    ctx.onUpdate('unstorable', () => () => 1);
    await ctx.waitSignal('stop');
    return 'done';
  });
  const engine = await open({ workflows: [workflow], activities: [failing] });
  const handle = await engine.start(workflow);
  const thrown = await rejection(UpdateFailedError, handle.update('throws'));
  expect(thrown).toMatchObject({ code: 'update_failed', failure: { name: 'RangeError', message: 'no' } });
  expect(thrown.cause).toMatchObject({ name: 'RangeError', message: 'no' });
  const worked = await rejection(UpdateFailedError, handle.update('works'));
  expect(worked.failure).toMatchObject({ code: 'activity_failed', cause: { message: 'out of stock' } });
  const unstorable = await rejection(UpdateFailedError, handle.update('unstorable'));
  expect(unstorable.failure.code).toBe('payload_invalid');
  await handle.signal('stop');
  expect(await handle.result()).toBe('done');
  expect((await updatesOf(handle)).filter((type) => type === 'UpdateFailed')).toHaveLength(3);
});

test('B12 cancelling the workflow fails the updates under way', async () => {
  const workflow = defineWorkflow('cancelled', async (ctx) => {
    ctx.onUpdate('waits', () => ctx.sleep('1d'));
    await ctx.sleep('2d');
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const waits = await handle.startUpdate('waits');
  await handle.cancel({ reason: 'enough' });
  const failed = await rejection(UpdateFailedError, waits.result());
  expect(failed.failure).toMatchObject({ name: 'CancelledError', message: 'enough' });
  expect((await handle.describe()).status).toBe('cancelled');
});

test('C6 handlers of several updates interleave in the order of events', async () => {
  const workflow = defineWorkflow('interleaves', async (ctx) => {
    const log: string[] = [];
    ctx.onUpdate('u', async (name: string) => {
      log.push(`${name} begins`);
      await ctx.waitSignal(name);
      log.push(`${name} ends`);
      return [...log];
    });
    await ctx.waitCondition(() => log.length === 4);
    await ctx.waitCondition(() => ctx.info.unfinishedUpdates === 0);
    return log;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const a = await handle.startUpdate('u', 'a');
  const b = await handle.startUpdate('u', 'b');
  await handle.signal('b');
  await handle.signal('a');
  expect(await b.result()).toEqual(['a begins', 'b begins', 'b ends']);
  expect(await a.result()).toEqual(['a begins', 'b begins', 'b ends', 'a ends']);
  expect(await handle.result()).toEqual(['a begins', 'b begins', 'b ends', 'a ends']);
});

test('C6 updates and signals take their place in the one order of arrival', async () => {
  const workflow = defineWorkflow('ordered', async (ctx) => {
    const seen: unknown[] = [];
    ctx.onSignal('s', (value) => void seen.push(`signal ${String(value)}`));
    ctx.onUpdate('u', (value) => void seen.push(`update ${String(value)}`));
    await ctx.waitSignal('stop');
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const pending: Promise<unknown>[] = [];
  for (let i = 0; i < 3; i++) {
    await handle.signal('s', i);
    pending.push(handle.startUpdate('u', i));
    await pending.at(-1);
  }
  await Promise.all(pending);
  await handle.signal('stop');
  expect(await handle.result()).toEqual([0, 1, 2].flatMap((i) => [`signal ${i}`, `update ${i}`]));
});

test('G5 an update with the same id has one outcome, however many send it at once', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [summing] });
  const client = await clientOf(engine, storage);
  const handle = await engine.start(summing);
  const elsewhere = client.handle(summing, handle.workflowId);
  const outcomes = await Promise.all(
    [1, 2, 3].flatMap((n) => [
      handle.update('add', n, { id: 'same' }),
      elsewhere.update('add', n * 10, { id: 'same' }),
    ]),
  );
  expect(new Set(outcomes).size).toBe(1);
  await handle.signal('stop');
  expect(await handle.result()).toBe(outcomes[0]);
  expect(await updatesOf(handle)).toEqual(['UpdateAccepted', 'UpdateCompleted']);
});

test('G5 the outcome is still known after the close, after a crash, and to other processes', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [summing] });
  const handle = await engine.start(summing);
  expect(await handle.update('add', 4, { id: 'once' })).toBe(4);
  await handle.signal('stop');
  await handle.result();
  await engine.crash();
  expect(await handle.update('add', 9, { id: 'once' })).toBe(4);
  const client = await clientOf(engine, storage);
  expect(await client.handle(handle.workflowId).update('add', 9, { id: 'once' })).toBe(4);
  const late = await rejection(WorkflowNotActiveError, handle.update('add', 1));
  expect(late.message).toContain('takes no updates any more');
});

test('B12 an update that comes before its handler is held for it, in order', async () => {
  const workflow = defineWorkflow('late-handler', async (ctx) => {
    const seen: unknown[] = [];
    await ctx.waitSignal('register');
    ctx.onUpdate('u', (value) => seen.push(value));
    await ctx.waitCondition(() => seen.length === 3);
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const early = [handle.update('u', 'a', { id: 'a' }), handle.update('u', 'b', { id: 'b' })];
  await engine.runUntilIdle();
  expect(await updatesOf(handle)).toEqual([]);
  await rejection(WaitTimeoutError, handle.startUpdate('u', 'a', { id: 'a', timeout: '1s' }));
  await handle.signal('register');
  expect(await Promise.all(early)).toEqual([1, 2]);
  expect(await handle.update('u', 'c')).toBe(3);
  expect(await handle.result()).toEqual(['a', 'b', 'c']);
});

test.each(['now', 'before-commit', 'after-commit'] as const)(
  'B12 a held update survives a crash %s',
  async (at) => {
    const workflow = defineWorkflow('late-handler', async (ctx) => {
      const seen: unknown[] = [];
      await ctx.waitSignal('register');
      ctx.onUpdate('u', (value) => seen.push(value));
      await ctx.waitCondition(() => seen.length === 2);
      return seen;
    });
    const engine = await open({ workflows: [workflow] });
    const handle = await engine.start(workflow);
    const first = handle.update('u', 'a', { id: 'a' });
    if (at === 'now') await engine.runUntilIdle();
    await engine.crash({ at });
    const second = handle.update('u', 'b', { id: 'b' });
    await engine.runUntilIdle();
    await engine.crash();
    await handle.signal('register');
    expect(await Promise.all([first, second])).toHaveLength(2);
    expect((await handle.result()).sort()).toEqual(['a', 'b']);
    expect(await updatesOf(handle)).toHaveLength(4);
  },
);

test('B12 a held update is refused when the run ends without a handler for it', async () => {
  const workflow = defineWorkflow('never-handles', async (ctx) => {
    await ctx.waitSignal('stop');
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const held = handle.update('u', 1, { id: 'held' });
  held.catch(() => undefined);
  await engine.runUntilIdle();
  await handle.signal('stop');
  await handle.result();
  const refused = await rejection(UpdateRejectedError, held);
  expect(refused.message).toContain("never had a handler for update 'u'");
  await rejection(UpdateRejectedError, handle.update('u', 1, { id: 'held' }));
});

test('B12 a terminated run refuses what it held, and fails what was not done', async () => {
  const workflow = defineWorkflow('terminated', async (ctx) => {
    ctx.onUpdate('waits', () => ctx.waitSignal('never'));
    await ctx.waitSignal('stop');
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const accepted = await handle.startUpdate('waits');
  const held = handle.update('other');
  held.catch(() => undefined);
  await engine.runUntilIdle();
  await handle.terminate();
  await rejection(UpdateRejectedError, held);
  const unfinished = await rejection(WorkflowNotActiveError, accepted.result());
  expect(unfinished.message).toContain('is terminated');
  expect(unfinished.message).not.toContain('unfinishedUpdates');
});

test('G11 a run does not complete over an update that was accepted and not seen', async () => {
  const reached = gate();
  const workflow = defineWorkflow('closes', async (ctx) => {
    let seen = 0;
    ctx.onUpdate('u', () => ++seen);
    await ctx.waitSignal('stop');
    reached.pass();
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const outcomes: unknown[] = [];
  const race = [0, 1, 2, 3].map((i) =>
    handle.update('u', undefined, { id: `u${i}` }).then(
      (n) => outcomes.push(n),
      (error: unknown) => outcomes.push((error as { code?: string }).code),
    ),
  );
  await handle.signal('stop');
  await reached.passed;
  await Promise.all(race);
  const applied = outcomes.filter((outcome) => typeof outcome === 'number');
  expect(await handle.result()).toBe(applied.length);
  expect(
    outcomes
      .filter((outcome) => typeof outcome === 'string')
      .every((code) => ['update_rejected', 'workflow_not_active'].includes(code)),
  ).toBe(true);
});

test.each(['before-commit', 'after-commit'] as const)(
  'G9 a crash %s at acceptance and at completion applies an update once',
  async (at) => {
    const effects = new Set<string>();
    const work = defineActivity('work', (_: void, { idempotencyKey }) => effects.add(idempotencyKey).size);
    const workflow = defineWorkflow('crashes', async (ctx) => {
      let applied = 0;
      ctx.onUpdate('u', async () => {
        applied += 1;
        return [applied, await ctx.runActivity(work)];
      });
      await ctx.waitSignal('stop');
      return applied;
    });
    const engine = await open({ workflows: [workflow], activities: [work] });
    const handle = await engine.start(workflow);
    const outcome = handle.update('u', undefined, { id: 'once' });
    for (let i = 0; i < 3; i++) await engine.crash({ at });
    expect(await outcome).toEqual([1, 1]);
    await handle.signal('stop');
    expect(await handle.result()).toBe(1);
    expect(await updatesOf(handle)).toEqual(['UpdateAccepted', 'UpdateCompleted']);
  },
);

test('B12 a declared type takes the updates it declares, with values that their schemas take', async () => {
  const positive: Schema<number> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        typeof value === 'number' && value > 0
          ? { value: value * 2 }
          : { issues: [{ message: 'must be positive' }] },
    },
  };
  const workflow = defineWorkflow(
    'declares',
    { messages: { double: update<number, number>(positive) } },
    async (ctx) => {
      ctx.onUpdate('double', (n) => n);
      await ctx.sleep('1d');
    },
  );
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  expect(await handle.update('double', 4)).toBe(8);
  const wrong = await rejection(UpdateRejectedError, handle.update('double', -1));
  expect(wrong.cause).toBeInstanceOf(InvalidArgumentError);
  const unknown = await rejection(UpdateRejectedError, engine.handle(handle.workflowId).update('trouble', 1));
  expect(unknown.message).toContain("it declares 'double'");
  expect(await updatesOf(handle)).toEqual(['UpdateAccepted', 'UpdateCompleted']);
});

test('B12 bad options are refused before anything is sent', async () => {
  const engine = await open({ workflows: [summing] });
  const handle = await engine.start(summing);
  const bad = (options: object): Promise<InvalidArgumentError> =>
    rejection(InvalidArgumentError, handle.startUpdate('add', 1, options));
  expect((await bad({ id: 'no spaces' })).issues[0]?.path).toBe('id');
  expect((await bad({ waitFor: 'done' })).issues[0]?.path).toBe('waitFor');
  expect((await bad({ wait: 1 })).issues[0]?.path).toBe('wait');
  expect((await bad({ timeout: 'soon' })).issues[0]?.path).toBe('timeout');
  expect(await updatesOf(handle)).toEqual([]);
  const stop = new AbortController();
  const waiting = handle.update('add', 1, { signal: stop.signal });
  expect(await waiting).toBe(1);
  stop.abort(new Error('too late to matter'));
});

test('B12 a wait for an update ends with the caller’s signal, and the update goes on', async () => {
  const workflow = defineWorkflow('slow', async (ctx) => {
    ctx.onUpdate('u', async () => {
      await ctx.waitSignal('go');
      return 'done';
    });
    await ctx.waitSignal('stop');
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  await handle.startUpdate('u', undefined, { id: 'u' });
  const stop = new AbortController();
  const waiting = handle.update('u', undefined, { id: 'u', signal: stop.signal });
  stop.abort(new Error('not interested'));
  expect((await rejection(Error, waiting)).message).toBe('not interested');
  await handle.signal('go');
  expect(await handle.update('u', undefined, { id: 'u' })).toBe('done');
});

test('B12 a wait whose signal has aborted while the update was sent looks no more at the store', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [summing] });
  const handle = await engine.start(summing);
  const stop = new AbortController();
  let waits = 0;
  const clock: Clock = {
    now: () => engine.now.getTime(),
    setTimer: () => {
      waits += 1;
      return () => (waits -= 1);
    },
  };
  const client = await createClient({
    clock,
    storage: bent(storage, {
      commit: async (call, batches) => {
        const results = await call(batches);
        stop.abort(new Error('not interested'));
        return results;
      },
    }),
  });
  const sent = client.handle(handle.workflowId).update('add', 1, { signal: stop.signal });
  expect((await rejection(Error, sent)).message).toBe('not interested');
  expect(waits).toBe(0);
  await client.close();
});

test('B12 values of updates are sealed by the payload codecs', async () => {
  const storage = await openStorage();
  const codec = {
    id: 'flip',
    encode: (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1),
    decode: (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1),
  };
  const workflow = defineWorkflow('sealed', async (ctx) => {
    await ctx.waitSignal('register');
    ctx.onUpdate('u', (value: Date) => new Date(value.getTime() + 1), {
      validate: (value: Date) => {
        if (value.getTime() === 0) throw new Error('the epoch');
      },
    });
    await ctx.waitSignal('stop');
  });
  const engine = await open({ storage, workflows: [workflow], codecs: [codec] });
  const handle = await engine.start(workflow);
  const held = handle.update('u', new Date(5), { id: 'held' });
  await engine.runUntilIdle();
  await engine.crash();
  await handle.signal('register');
  expect(await held).toEqual(new Date(6));
  const refused = await rejection(UpdateRejectedError, handle.update('u', new Date(0)));
  expect(refused.message).toContain('the epoch');
});

test('B12 a client without a worker sends updates and gets their outcomes', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [summing] });
  const { workflowId } = await engine.start(summing);
  const client = await clientOf(engine, storage, { logger: logBook() });
  const handle = client.handle(summing, workflowId);
  expect(await handle.update('add', 2)).toBe(2);
  await rejection(UpdateRejectedError, handle.update('add', -2));
  const started = await handle.startUpdate('add', 3);
  expect(await started.result()).toBe(5);
});

test('B12 a held update goes on with continue-as-new, and keeps its one outcome along the chain', async () => {
  const workflow = defineWorkflow('goes-on', async (ctx, round: number): Promise<unknown> => {
    const seen: unknown[] = [];
    if (round > 0) ctx.onUpdate('u', (value) => [round, seen.push(value)]);
    if (round < 2) {
      await ctx.waitSignal('next');
      return ctx.continueAsNew(round + 1);
    }
    await ctx.waitCondition(() => seen.length === 1);
    return seen;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow, 0);
  const held = handle.update('u', 'a', { id: 'held' });
  await engine.runUntilIdle();
  await handle.signal('next');
  expect(await held).toEqual([1, 1]);
  await engine.crash();
  await handle.signal('next');
  await engine.runUntilIdle();
  expect(await handle.update('u', 'other', { id: 'held' })).toEqual([1, 1]);
  expect(await handle.update('u', 'b')).toEqual([2, 1]);
  expect(await handle.result()).toEqual(['b']);
});

test('B12 an update that arrives while a run continues as new reaches exactly one of the two', async () => {
  const workflow = defineWorkflow('hands-over', async (ctx, applied: string[]): Promise<unknown> => {
    ctx.onUpdate('u', (value: string) => applied.push(value));
    await ctx.waitSignal('next', { timeout: '1m' });
    return applied.length < 6 ? ctx.continueAsNew(applied) : applied;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow, []);
  const outcomes = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f'].map(async (value) => {
      const outcome = handle.update('u', value);
      await handle.signal('next').catch(() => undefined);
      return outcome;
    }),
  );
  expect([...(outcomes as number[])].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...((await handle.result()) as string[])].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

/** Accepts an update that takes its time in its first run, and is done by the second. */
const carries = defineWorkflow('carries', async (ctx, round: number): Promise<unknown> => {
  const log: string[] = [];
  ctx.onUpdate(
    'u',
    async (value: string) => {
      log.push(`${value} begins`);
      await ctx.waitSignal(round === 0 ? 'never' : 'go');
      log.push(`${value} ends`);
      return `${value} in round ${round}`;
    },
    {
      validate: () => {
        if (round > 0) throw new Error('asked again');
      },
    },
  );
  if (round === 0) {
    await ctx.waitSignal('next');
    return ctx.continueAsNew(1);
  }
  await ctx.waitCondition(() => log.length > 0 && ctx.info.unfinishedUpdates === 0);
  return log;
});

test('B12 an accepted update that is not done survives a continue-as-new, and is handled anew', async () => {
  const storage = await openStorage();
  const log = logBook();
  const engine = await open({ storage, workflows: [carries], logger: log });
  const handle = await engine.start(carries, 0);
  const client = await clientOf(engine, storage);
  const elsewhere = client.handle(handle.workflowId);
  const first = await handle.startUpdate('u', 'a', { id: 'a' });
  const second = await elsewhere.startUpdate('u', 'b', { id: 'b' });
  const [old] = await handle.runs();
  await handle.signal('next');
  await engine.runUntilIdle();
  // Accepted is accepted, and the id stands for it along the chain.
  expect(await handle.startUpdate('u', 'other', { id: 'a' })).toMatchObject({ stage: 'accepted' });
  await engine.crash();
  await handle.signal('go');
  await handle.signal('go');
  expect(await first.result()).toBe('a in round 1');
  expect(await second.result()).toBe('b in round 1');
  expect(await elsewhere.update('u', 'other', { id: 'a' })).toBe('a in round 1');
  expect(await handle.result()).toEqual(['a begins', 'b begins', 'a ends', 'b ends']);
  expect(await updatesOf(engine.handle(handle.workflowId, old?.runId ?? ''))).toEqual([
    'UpdateAccepted',
    'UpdateAccepted',
  ]);
  expect(log.lines.filter(({ message }) => message.includes('handlers of updates'))).toEqual([]);
});

test('B12 an accepted update that is not done survives another attempt of its workflow', async () => {
  const workflow = defineWorkflow(
    'tries-again',
    { retry: { maximumAttempts: 3, initialInterval: '1m' } },
    async (ctx) => {
      const { attempt } = ctx.info;
      ctx.onUpdate('u', async () => {
        await ctx.waitSignal(attempt < 3 ? 'never' : 'go');
        return attempt;
      });
      await ctx.waitSignal('next');
      if (attempt < 3) throw new Error('once more');
      await ctx.waitCondition(() => ctx.info.unfinishedUpdates === 0);
      return attempt;
    },
  );
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const accepted = await handle.startUpdate('u', undefined, { id: 'u' });
  for (let i = 0; i < 3; i++) {
    await handle.signal('next');
    await engine.advance('5m');
  }
  await handle.signal('go');
  expect(await accepted.result()).toBe(3);
  expect(await handle.update('u', undefined, { id: 'u' })).toBe(3);
  expect(await handle.result()).toBe(3);
});

test('B12 an accepted update goes on through a run that has no handler for it yet', async () => {
  const workflow = defineWorkflow('hands-on', async (ctx, round: number): Promise<unknown> => {
    if (round !== 1) ctx.onUpdate('u', () => (round === 0 ? ctx.waitSignal('never') : round));
    if (round === 2) return ctx.waitSignal('stop');
    await ctx.waitSignal('next');
    return ctx.continueAsNew(round + 1);
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow, 0);
  const accepted = await handle.startUpdate('u');
  await handle.signal('next');
  await engine.runUntilIdle();
  await engine.crash();
  await handle.signal('next');
  expect(await accepted.result()).toBe(2);
});

test('B12 who waits for an accepted update hears it when the chain ends without it', async () => {
  const workflow = defineWorkflow('leaves', async (ctx, round: number): Promise<unknown> => {
    if (round === 0) ctx.onUpdate('u', () => ctx.waitSignal('never'));
    await ctx.waitSignal('next');
    return round === 0 ? ctx.continueAsNew(1) : round;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow, 0);
  const accepted = await handle.startUpdate('u', undefined, { id: 'u' });
  await handle.signal('next');
  await engine.runUntilIdle();
  await handle.signal('next');
  const unfinished = await rejection(WorkflowNotActiveError, accepted.result());
  expect(unfinished.message).toContain('was accepted and is not done');
  await rejection(WorkflowNotActiveError, handle.update('u', undefined, { id: 'u' }));
});

test('B12 an update whose own handler continues the run as new ends there, with an error', async () => {
  const workflow = defineWorkflow('restarts', async (ctx, round: number): Promise<unknown> => {
    ctx.onUpdate('restart', () => ctx.continueAsNew(round + 1));
    ctx.onUpdate('later', async () => {
      await ctx.sleep(1);
      return ctx.continueAsNew(round + 1);
    });
    ctx.onUpdate('other', async () => {
      if (round < 2) await ctx.waitSignal('never');
      return round;
    });
    await ctx.waitSignal('stop');
    return round;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow, 0);
  const other = await handle.startUpdate('other');
  for (const name of ['restart', 'later']) {
    const failed = await rejection(UpdateFailedError, handle.update(name, undefined, { id: name }));
    expect(failed.failure).toMatchObject({ code: 'continued_as_new' });
    expect(failed.message).toContain(`The handler of update '${name}' called ctx.continueAsNew`);
    await engine.crash();
    await rejection(UpdateFailedError, handle.update(name, undefined, { id: name }));
  }
  expect(await other.result()).toBe(2);
  await handle.signal('stop');
  expect(await handle.result()).toBe(2);
  expect(await handle.runs()).toHaveLength(3);
});

/** Sends again what a crash has cut off. */
const untilSent = <T>(send: () => Promise<T>): Promise<T> =>
  vi.waitFor(send, { timeout: 10_000, interval: 1 });

test.each(['before-commit', 'after-commit'] as const)(
  'B12 no crash %s loses or doubles an accepted update on its way to the next run',
  async (at) => {
    const commits = await crashAtEachCommit(at, { workflows: [carries] }, async (engine) => {
      const handle = await engine.start(carries, 0, { id: 'c' });
      const sent = (async () => {
        const startUpdate = (): Promise<UpdateHandle> => handle.startUpdate('u', 'a', { id: 'a' });
        await untilSent(startUpdate);
        await untilSent(() => handle.signal('next', undefined, { id: 'next' }));
        await untilSent(() => handle.signal('go', undefined, { id: 'go' }));
        const outcome = await untilSent(async () => (await startUpdate()).result());
        return [outcome, await untilSent(() => handle.result())];
      })();
      return {
        done: sent,
        check: async () => {
          expect(await sent).toEqual(['a in round 1', ['a begins', 'a ends']]);
          expect(await handle.update('u', 'x', { id: 'a' })).toBe('a in round 1');
          expect(await updatesOf(handle)).toEqual(['UpdateAccepted', 'UpdateCompleted']);
          expect(await handle.runs()).toHaveLength(2);
        },
      };
    });
    expect(commits).toBeGreaterThan(3);
  },
);

test('B12 a held update whose handler comes as the run settles is handled, not refused', async () => {
  const workflow = defineWorkflow('settles', async (ctx) => {
    await ctx.waitSignal('f');
    ctx.onUpdate('u', (v) => `upd ${String(v)}`);
    return ctx.waitSignal('s');
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const held = handle.update('u', 1, { id: 'u' });
  held.catch(() => undefined);
  await engine.runUntilIdle();
  await handle.signal('s', 'end');
  await handle.signal('f');
  expect(await held).toBe('upd 1');
  expect(await handle.result()).toBe('end');
  expect(await handle.update('u', 2, { id: 'u' })).toBe('upd 1');
  await engine.importHistory(await handle.exportHistory(), { id: 'replayed' });
});

test.each(['continued as new', 'tried again'])(
  'B12 a held update is handled where the run is %s, though the next one registers its handler and ends at once',
  async (how) => {
    const workflow = defineWorkflow(
      'ends-at-once',
      { retry: { maximumAttempts: 2, initialInterval: '1s' } },
      async (ctx, round: number) => {
        if (ctx.info.runNumber > 1) {
          ctx.onUpdate('u', (v) => `upd ${String(v)}`);
          return 'end';
        }
        await ctx.waitSignal('next');
        if (how === 'tried again') throw new Error('once more');
        return ctx.continueAsNew(round);
      },
    );
    const engine = await open({ workflows: [workflow] });
    const handle = await engine.start(workflow, 0);
    const held = handle.update('u', 1);
    held.catch(() => undefined);
    await engine.runUntilIdle();
    await handle.signal('next');
    expect(await held).toBe('upd 1');
    expect(await handle.result()).toBe('end');
  },
);

test('B12 of two updates at once, of which the first ends the run, both are handled', async () => {
  const workflow = defineWorkflow('ended-by-update', async (ctx) => {
    let n = 0;
    ctx.onUpdate('u', () => ++n);
    await ctx.waitCondition(() => n === 1);
    return n;
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const both = [handle.update('u'), handle.update('u')];
  expect((await Promise.all(both)).sort()).toEqual([1, 2]);
  expect(await handle.result()).toBe(1);
});

test('B12 an update that its run had no time for before it failed is told so', async () => {
  const workflow = defineWorkflow(
    'no-time',
    { retry: { maximumAttempts: 2, initialInterval: '2h', maximumInterval: '2h' }, executionTimeout: '1h' },
    async (ctx) => {
      await ctx.waitSignal('f');
      ctx.onUpdate('u', (v) => v);
      throw new Error('no more');
    },
  );
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  const held = handle.update('u', 1);
  held.catch(() => undefined);
  await handle.signal('f');
  const refused = await rejection(UpdateRejectedError, held);
  expect(refused.message).toContain("had failed before update 'u' could be handled");
});

test('B12 the worker refuses at once an update that the type does not declare, whoever has sent it', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [summing] });
  const { workflowId } = await engine.start(summing);
  const before = await eventTypes(engine.handle(workflowId));
  const client = await clientOf(engine, storage);
  const refused = await rejection(UpdateRejectedError, client.handle(workflowId).update('trouble', 1));
  expect(refused.message).toContain("workflow 'summing' has no update 'trouble'; it declares 'add'");
  expect(refused.cause).toMatchObject({ code: 'invalid_argument' });
  await rejection(UpdateRejectedError, client.handle(workflowId).update('stop'));
  expect(await eventTypes(engine.handle(workflowId))).toEqual(before);
  expect((await engine.handle(workflowId).describe()).status).toBe('waiting');
});

test('B12 an accepted update fails where the run goes on as a type that does not take it', async () => {
  const other = defineWorkflow('other', { messages: { stop: signal() } }, (ctx) => ctx.waitSignal('stop'));
  const workflow = defineWorkflow('becomes-other', async (ctx): Promise<unknown> => {
    ctx.onUpdate('u', () => ctx.waitSignal('never'));
    await ctx.waitSignal('next');
    return ctx.continueAsNew(undefined, { workflow: other });
  });
  const engine = await open({ workflows: [workflow, other] });
  const handle = await engine.start(workflow);
  const accepted = await handle.startUpdate('u');
  await handle.signal('next');
  const failed = await rejection(UpdateFailedError, accepted.result());
  expect(failed.message).toContain("workflow 'other' has no update 'u'");
});

test('B12 an update id that stands for another update of the chain is refused', async () => {
  const workflow = defineWorkflow('two-updates', async (ctx) => {
    ctx.onUpdate('u', () => 'u');
    ctx.onUpdate('slow', () => ctx.waitSignal('go'));
    ctx.onUpdate('v', () => 'v');
    await ctx.waitSignal('stop');
  });
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  expect(await handle.update('u', 1, { id: 'k' })).toBe('u');
  await handle.startUpdate('slow', 1, { id: 's' });
  for (const id of ['k', 's']) {
    const taken = await rejection(InvalidArgumentError, handle.update('v', 1, { id }));
    expect(taken.issues[0]).toMatchObject({ path: 'id' });
    expect(taken.message).toContain(id === 'k' ? "an update 'u'" : "an update 'slow'");
  }
  expect(await handle.update('u', 1, { id: 'k' })).toBe('u');
});

test('B10 B11 B12 handlers of messages that the type does not declare are refused, and bad options', async () => {
  const workflow = defineWorkflow(
    'declares-three',
    { messages: { s: signal(), q: query<number>(), u: update<number>() } },
    async (ctx) => {
      const on = ctx as unknown as Record<'onSignal' | 'onQuery' | 'onUpdate', (...args: unknown[]) => void>;
      const handler = (): number => 1;
      const calls: [keyof typeof on, ...unknown[]][] = [
        ['onSignal', 'x', handler],
        ['onSignal', 'q', handler],
        ['onQuery', 'x', handler],
        ['onQuery', 'u', handler],
        ['onUpdate', 'x', handler],
        ['onUpdate', 's', handler],
        ['onUpdate', 5, handler],
        ['onUpdate', 'u', handler, { validator: handler }],
        ['onUpdate', 'u', handler, { validate: 5 }],
        ['onUpdate', 'u', handler, { validate: undefined }],
        ['onQuery', 'q', handler],
      ];
      return calls.map(([name, ...args]) => {
        try {
          on[name](...args);
          return 'taken';
        } catch (error) {
          return `${String(codeOf(error))} ${(error as InvalidArgumentError).issues[0]?.path}`;
        }
      });
    },
  );
  const engine = await open({ workflows: [workflow] });
  const handle = await engine.start(workflow);
  expect(await handle.result()).toEqual([
    ...Array.from({ length: 7 }, () => 'invalid_argument name'),
    'invalid_argument validator',
    'invalid_argument validate',
    'taken',
    'taken',
  ]);
  await engine.importHistory(await handle.exportHistory(), { id: 'replayed' });
});

test('B12 a wait of no time sees what is there, however slow the store', async () => {
  const storage = await openStorage();
  const engine = await open({ storage, workflows: [summing] });
  const { workflowId } = await engine.start(summing);
  expect(await engine.handle(workflowId).update('add', 2, { id: 'u' })).toBe(2);
  const client = await createClient({
    storage: bent(storage, {
      readKey: async (call, ...args) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return call(...args);
      },
    }),
  });
  const same = client.handle(workflowId);
  expect(await same.update('add', 2, { id: 'u', timeout: 0 })).toBe(2);
  expect(await (await same.startUpdate('add', 2, { id: 'u' })).result({ timeout: 0 })).toBe(2);
  await client.close();
});

test('B12 C6 updates held for a handler with a validator are all handled, also by whoever loads the run in between', async () => {
  const late = defineWorkflow('late', async (ctx) => {
    const seen: unknown[] = [];
    await ctx.waitSignal('open');
    ctx.onUpdate('u', (value) => seen.push(value), { validate: () => undefined });
    await ctx.waitSignal('stop');
  });
  const engine = await open({ workflows: [late], alwaysEvict: true });
  const handle = await engine.start(late);
  await engine.runUntilIdle();
  const sent = [1, 2, 3].map((n) => handle.update('u', n, { id: `u${n}` }));
  await engine.runUntilIdle();
  await handle.signal('open');
  expect(await Promise.all(sent)).toEqual([1, 2, 3]);
});

test('C6 what an earlier validator has changed refuses no update', async () => {
  const once = defineWorkflow('once', async (ctx) => {
    const seen = new Set<unknown>();
    ctx.onUpdate('add', () => 'added', {
      validate: (value) => {
        if (seen.has(value)) throw new Error('seen');
        seen.add(value);
      },
    });
    await ctx.waitSignal('stop');
  });
  const engine = await open({ workflows: [once] });
  const handle = await engine.start(once);
  for (let i = 0; i < 3; i++) expect(await handle.update('add', 'a')).toBe('added');
});

test('C6 a validator sees what every update before it has done, also of those that came with it', async () => {
  const seats = defineWorkflow('seats', async (ctx) => {
    let taken = 0;
    ctx.onUpdate('take', () => ++taken, {
      validate: () => {
        if (taken >= 3) throw new Error('full');
      },
    });
    await ctx.waitSignal('stop');
    return taken;
  });
  const engine = await open({ workflows: [seats] });
  const handle = await engine.start(seats);
  await engine.runUntilIdle();
  const sent = await Promise.allSettled(Array.from({ length: 8 }, () => handle.update('take')));
  expect(sent.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  await handle.signal('stop');
  expect(await handle.result()).toBe(3);
});
