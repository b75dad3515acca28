import { describe, expect, test } from 'vitest';
import { makeBundle, readBundle, type HistoryBundle } from './bundle.js';
import { encodeEvent } from './events.js';
import { encodeValue } from './values.js';

const workflow = { workflowId: 'w', runId: 'r', workflowType: 't' };
const bodies = [
  encodeEvent({
    seq: 1,
    type: 'WorkflowStarted',
    at: 1,
    ...workflow,
    taskQueue: 'default',
    input: encodeValue({ b: 1, a: 2 }),
    runNumber: 1,
    attempt: 1,
  }),
  encodeEvent({ seq: 2, type: 'WorkflowCompleted', at: 2, result: encodeValue(null) }),
];
const bundle = makeBundle(workflow, bodies);

describe('bundles', () => {
  test('come through any JSON tool', () => {
    const reordered: unknown = JSON.parse(JSON.stringify(bundle), (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    );
    expect(readBundle(reordered)).toMatchObject({ workflow, events: [{ seq: 1 }, { seq: 2 }] });
  });

  /** Of a first event that is changed, and more events after it. */
  const changed = (changes: Record<string, unknown>, ...more: object[]): HistoryBundle => {
    const first = { ...(JSON.parse(bodies[0] as string) as object), ...changes };
    const { workflowId, runId, workflowType } = first as unknown as typeof workflow;
    return makeBundle(
      { workflowId, runId, workflowType },
      [first, ...more].map((event) => JSON.stringify(event)),
    );
  };
  const end = { seq: 2, type: 'WorkflowTerminated', at: 1 };
  const origin = { workflowId: 'o', runId: 'p', seq: 1 };
  test.each<[string, HistoryBundle]>([
    ['events[0].runId', changed({ runId: 'r/a1' })],
    ['events[0].runId', changed({ runId: '' })],
    ['events[0].workflowId', changed({ workflowId: 'w\ud800' })],
    ['events[0].workflowType', changed({ workflowType: 't\0' })],
    ['events[0].taskQueue', changed({ taskQueue: 'step/x' })],
    ['events[0].at', changed({ at: 1.5 })],
    ['events[0].at', changed({ at: -1 })],
    ['events[1].at', changed({}, { ...end, at: 1e300 })],
    ['events[0].runNumber', changed({ runNumber: 0 })],
    ['events[0].attempt', changed({ attempt: 0 })],
    ['events[0].executionDeadline', changed({ executionDeadline: 0.5 })],
    ['events[0].priority', changed({ priority: 10 })],
    ['events[0].fairnessWeight', changed({ fairnessWeight: 0 })],
    ['events[0].continuedFrom', changed({ continuedFrom: 'a b' })],
    ['events[0].firstRunId', changed({ firstRunId: 'a b' })],
    ['events[0].parent', changed({ parent: { workflowId: 'p', runId: 5 } })],
    ['events[0].origin', changed({ origin: { ...origin, origin: { ...origin, seq: 'x' } } })],
    ['events[0].children', changed({ children: [{ workflowId: 'c', policy: 'sell' }] })],
    ['events[0].headers', changed({ headers: { trace: 5 } })],
    ['events[0].retry.maximumAttempts', changed({ retry: { maximumAttempts: -1 } })],
    [
      'events[1].dueAt',
      changed({}, { seq: 2, type: 'TimerStarted', at: 1, timerId: 't1', dueAt: 0.5, purpose: 'sleep' }),
    ],
    ['events[1]', changed({}, { ...(JSON.parse(bodies[0] as string) as object), seq: 2 })],
    ['events[1]', changed({}, end, { ...end, seq: 3 })],
  ])('what no engine has written is refused, though the digest fits: %s', (path, bad) => {
    expect(() => readBundle(bad)).toThrow(
      expect.objectContaining({
        issues: expect.arrayContaining([expect.objectContaining({ path })]) as unknown,
      }),
    );
  });

  test('what a copy of a copy, a child and a later run of a chain carry is taken', () => {
    const lineage = {
      origin: { ...origin, parent: { workflowId: 'p', runId: 'q', childId: 'w1' }, origin },
      children: [{ workflowId: 'c', policy: 'abandon' }],
      retry: { maximumAttempts: 0 },
      continuedFrom: 'before',
      firstRunId: 'first',
      headers: { trace: 'x' },
    };
    expect(readBundle(changed(lineage, end)).events[0]).toMatchObject(lineage);
  });

  const deep = (levels: number): unknown => {
    let value: unknown = 1;
    for (let i = 0; i < levels; i++) value = [value];
    return value;
  };
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  test.each<[string, unknown]>([
    ['too deep', { ...bundle, events: [deep(100_000)] }],
    ['cyclic', { ...bundle, events: cyclic }],
    ['a bigint', { ...bundle, events: [1n] }],
    ['a function', { ...bundle, events: [() => 1] }],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('trap');
          },
        },
      ),
    ],
    ['a body that is null', { ...bundle, events: [null] }],
    ['a list', []],
    ['text', JSON.stringify(bundle)],
  ])('%s is refused with a typed error', (_name, value) => {
    expect(() => readBundle(value)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });

  test('depth is counted, not run into', () => {
    expect(() => readBundle({ ...bundle, events: [deep(2_000)] })).toThrow(/1000 levels/);
  });

  test('a newer version says upgrade, another one does not', () => {
    expect(() => readBundle({ ...bundle, version: 2 })).toThrow(/upgrade/);
    expect(() => readBundle({ ...bundle, version: '1' })).not.toThrow(/upgrade/);
    expect(() => readBundle({ ...bundle, version: '1' })).toThrow(/must be 1/);
  });

  test('reading leaves the bundle as it is, and it can be read again', () => {
    const before = JSON.stringify(bundle);
    readBundle(bundle);
    expect(JSON.stringify(bundle)).toBe(before);
    expect(readBundle(bundle).events).toHaveLength(2);
  });

  const edited = (change: (copy: any) => void): unknown => {
    const copy = JSON.parse(JSON.stringify(bundle)) as HistoryBundle;
    change(copy);
    return copy;
  };
  test.each<[string, unknown, string]>([
    ['something else', { events: [] }, 'format'],
    ['null', null, 'format'],
    [
      'a newer version',
      edited((b) => {
        b.version = 2;
      }),
      'version',
    ],
    [
      'an edited event',
      edited((b) => {
        b.events[0].at = 9;
      }),
      'digest',
    ],
    [
      'a missing event',
      edited((b) => {
        b.events.pop();
      }),
      'digest',
    ],
    ['another workflow', { ...makeBundle({ ...workflow, runId: 'other' }, bodies) }, 'workflow'],
    ['a gap', makeBundle(workflow, [bodies[0]!, bodies[1]!.replace('"seq":2', '"seq":3')]), 'events[1].seq'],
    ['no start', makeBundle(workflow, [bodies[1]!.replace('"seq":2', '"seq":1')]), 'events[0]'],
    ['no events', makeBundle(workflow, []), 'events'],
  ])('%s is refused', (_name, value, path) => {
    expect(() => readBundle(value)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', issues: [expect.objectContaining({ path })] }),
    );
  });
});
