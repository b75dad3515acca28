import { describe, expect, test } from 'vitest';
import { makeBundle, readBundle, type HistoryBundle } from './bundle.js';
import { encodeEvent } from './events.js';
import { sha256 } from './sha256.js';
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

test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('sha256 of %j is that of FIPS 180-4', (text, digest) => {
  expect(sha256(text)).toBe(digest);
});

describe('bundles', () => {
  test('come through any JSON tool', () => {
    const travelled = JSON.parse(JSON.stringify(bundle)) as Record<string, unknown>;
    const reordered = Object.fromEntries(Object.entries(travelled).reverse());
    expect(readBundle(reordered)).toMatchObject({ workflow, events: [{ seq: 1 }, { seq: 2 }] });
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
