import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../model/errors.js';
import { defineActivity } from './define-activity.js';
import { defineWorkflow } from './define-workflow.js';
import { query, signal } from './messages.js';
import { type } from './schema.js';

const run = async (): Promise<void> => undefined;

function paths(define: () => unknown): readonly string[] {
  try {
    define();
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error.issues.map((issue) => issue.path);
    throw error;
  }
  return expect.unreachable('was accepted');
}

describe('A7 defineWorkflow', () => {
  it('holds the name, the code and the contract', () => {
    const messages = { go: signal(), total: query<number>() };
    const workflow = defineWorkflow(
      'order.v1',
      { messages, taskQueue: 'q', runTimeout: '1h', executionTimeout: '1d' },
      run,
    );
    expect(workflow).toMatchObject({
      name: 'order.v1',
      messages: { go: { kind: 'signal' }, total: { kind: 'query' } },
      taskQueue: 'q',
      runTimeout: '1h',
      fn: run,
    });
    expect(Object.isFrozen(workflow)).toBe(true);
    expect(defineWorkflow('simple', run).fn).toBe(run);
  });

  it('keeps a contract and its implementations apart', () => {
    const contract = defineWorkflow('c', {
      input: type<string>(),
      output: type<number>(),
      state: type<boolean>(),
    });
    const implemented = contract.implement(async (_ctx, input) => input.length);
    expect(contract).not.toHaveProperty('fn');
    expect(implemented).toMatchObject({ name: 'c' });
    expect(implemented.fn).toBeTypeOf('function');
    expect(() => contract.implement(undefined as never)).toThrow(InvalidArgumentError);
  });

  it('keeps a schema that checks and drops one that does not', () => {
    const checking = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) => ({ value: value as string }),
      },
    };
    expect(defineWorkflow('c', { input: checking, output: type<number>() })).toMatchObject({
      inputSchema: checking,
      outputSchema: undefined,
    });
    expect(signal(checking)).toMatchObject({ schema: checking });
    expect(signal(type<string>())).not.toHaveProperty('schema');
    const callable = Object.assign(() => undefined, checking);
    expect(defineWorkflow('c', { input: callable, output: callable })).toMatchObject({
      inputSchema: callable,
    });
  });

  it.each(['', ' a', 'a ', 'x'.repeat(192), 'a\nb', 'a\u0000', '\ud800', 5, undefined, null])(
    'refuses the name %j',
    (name) => {
      expect(paths(() => defineWorkflow(name as string, run))).toEqual(['name']);
      expect(paths(() => defineActivity(name as string, run))).toEqual(['name']);
    },
  );

  it.each(['a', 'order/v1', 'send email', 'Überweisung', '支付', 'x'.repeat(191)])(
    'takes the name %j',
    (name) => {
      expect(defineWorkflow(name, run).name).toBe(name);
      expect(defineActivity(name, run).name).toBe(name);
    },
  );

  it.each([
    [{ taskQueue: 'a b' }, 'taskQueue'],
    [{ runTimeout: 0 }, 'runTimeout'],
    [{ executionTimeout: -5 }, 'executionTimeout'],
    [{ runTimeout: '2h', executionTimeout: '1h' }, 'runTimeout'],
    [{ runTimeout: 'long' }, 'runTimeout'],
    [{ messages: { go: 'signal' } }, 'messages.go'],
    [{ messages: { go: { kind: 'command' } } }, 'messages.go'],
    [{ messages: { '': signal() } }, 'messages'],
    [{ searchAttributes: { total: 'number' } }, 'searchAttributes.total'],
    [{ state: {} }, 'state'],
    [{ timeout: 5 }, 'timeout'],
  ])('refuses %j', (contract, path) => {
    expect(paths(() => defineWorkflow('w', contract as never, run))).toEqual([path]);
  });

  it('refuses what is no code and no contract', () => {
    expect(paths(() => defineWorkflow('w', {} as never, 'code' as never))).toEqual(['fn']);
    expect(paths(() => defineWorkflow('w', {} as never))).toEqual(['fn']);
    expect(paths(() => defineWorkflow('w', undefined as never))).toEqual(['options']);
    expect(() => signal({} as never)).toThrow(InvalidArgumentError);
  });
});

describe('A8 defineActivity', () => {
  it('holds the name, the options and the code', () => {
    const options = {
      retry: { maximumAttempts: 5 },
      startToCloseTimeout: '30s',
      taskQueue: 'slow',
      priority: 0,
    } as const;
    expect(defineActivity('charge', options, run)).toMatchObject({ name: 'charge', options, fn: run });
    const contract = defineActivity('charge', {
      input: type<number>(),
      output: type<string>(),
      heartbeatTimeout: '5s',
    });
    expect(contract).toMatchObject({ options: { heartbeatTimeout: '5s' } });
    expect(contract).not.toHaveProperty('fn');
    expect(contract.implement(async () => 'x')).toMatchObject({
      name: 'charge',
      options: { heartbeatTimeout: '5s' },
    });
  });

  it.each([
    [{ retry: { maximumAttempts: -1 } }, 'retry.maximumAttempts'],
    [{ retry: { backoffCoefficient: 0.5 } }, 'retry.backoffCoefficient'],
    [{ startToCloseTimeout: 0 }, 'startToCloseTimeout'],
    [{ heartbeatTimeout: '2m', startToCloseTimeout: '1m' }, 'heartbeatTimeout'],
    [{ startToCloseTimeout: '2m', scheduleToCloseTimeout: '1m' }, 'startToCloseTimeout'],
    [{ scheduleToStartTimeout: '2m', scheduleToCloseTimeout: '1m' }, 'scheduleToStartTimeout'],
    [{ priority: 10 }, 'priority'],
    [{ fairnessWeight: 1001 }, 'fairnessWeight'],
    [{ fairnessKey: 'a b' }, 'fairnessKey'],
    [{ taskQueue: '' }, 'taskQueue'],
    [{ timeout: '5s' }, 'timeout'],
  ])('refuses %j', (options, path) => {
    expect(paths(() => defineActivity('a', options as never, run))).toEqual([path]);
  });
});
