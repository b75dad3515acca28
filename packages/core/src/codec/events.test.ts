import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../model/events.js';
import { payloadTree } from '../model/payload.js';
import { decodeEvent, encodeEvent } from './events.js';
import { encodeFailure } from './failures.js';
import { decodeValue, encodeValue } from './values.js';

const completed: RunEvent = {
  seq: 3,
  type: 'ActivityCompleted',
  at: 5,
  activityId: 'a1',
  attempt: 2,
  result: encodeValue({ a: [1n], 'quote"': '\\' }),
};

describe('events', () => {
  test('come back with readable payloads, and are written once', () => {
    const body = encodeEvent(completed);
    const back = decodeEvent(body);
    expect(back).toMatchObject({ seq: 3, type: 'ActivityCompleted', at: 5, activityId: 'a1', attempt: 2 });
    expect(decodeValue((back as typeof completed & { result: never }).result)).toEqual({
      a: [1n],
      'quote"': '\\',
    });
    expect(encodeEvent(decodeEvent(body))).toBe(body);
  });

  test('failures with their causes and details', () => {
    const failure = encodeFailure(
      Object.assign(new Error('out', { cause: Object.assign(new Error('in'), { n: 1n }) }), {
        when: new Date(7),
      }),
    );
    const back = decodeEvent(encodeEvent({ seq: 1, type: 'WorkflowFailed', at: 0, failure })) as Extract<
      RunEvent,
      { type: 'WorkflowFailed' }
    >;
    expect(payloadTree(back.failure.cause!.details!)).toEqual(
      JSON.parse((failure.cause!.details as { text: string }).text),
    );
  });

  test.each([
    ['not JSON', '{', /cannot be read/],
    ['no seq', '{"type":"TimerFired","at":1,"timerId":"t"}', /no seq/],
    ['an unknown type', '{"seq":4,"type":"Later","at":1}', /Event 4 .*newer release/],
    ['a missing attribute', '{"seq":4,"type":"TimerFired","at":1}', /Event 4 .*timerId/],
    [
      'a payload without codec',
      '{"seq":4,"type":"SideEffectRecorded","at":1,"value":{"data":1}}',
      /Event 4 .*codec/,
    ],
  ])('%s is refused, naming the event', (_name, body, message) => {
    expect(() => decodeEvent(body)).toThrow(
      expect.objectContaining({ code: 'storage_corrupt', message: expect.stringMatching(message) }),
    );
  });

  test('anything at all gives a typed error or an event', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (body) => {
        try {
          decodeEvent(body);
        } catch (error) {
          expect(error).toMatchObject({ code: 'storage_corrupt' });
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
