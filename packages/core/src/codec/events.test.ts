import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../model/events.js';
import { payloadTree } from '../model/payload.js';
import { decodeEvent, encodeEvent } from './events.js';
import { encodeFailure } from './failures.js';
import { upcast } from './upcast.js';
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
    ['a sequence number that is none', '{"seq":"1","type":"TimerFired","at":1,"timerId":"t"}', /no seq/],
    ['no object', 'null', /An event/],
    [
      'a newer version',
      '{"seq":4,"v":2,"type":"TimerFired","at":1,"timerId":"t"}',
      /Event 4 .*version 2.*newer release/,
    ],
    [
      'an attribute of another kind',
      '{"seq":4,"type":"TimerFired","at":1,"timerId":7}',
      /Event 4 .*timerId that is no string/,
    ],
    [
      'an optional attribute of another kind',
      '{"seq":4,"type":"WorkflowCancelled","at":1,"reason":{}}',
      /Event 4 .*reason that is no string/,
    ],
    ['an attribute that is null', '{"seq":4,"type":"TimerFired","at":1,"timerId":null}', /Event 4 .*timerId/],
    [
      'a payload without data',
      '{"seq":4,"type":"SideEffectRecorded","at":1,"value":{"codec":"json"}}',
      /Event 4 .*data/,
    ],
    [
      'a payload that is null',
      '{"seq":4,"type":"SideEffectRecorded","at":1,"value":null}',
      /Event 4 .*payload/,
    ],
    [
      'a failure without a name',
      '{"seq":4,"type":"WorkflowFailed","at":1,"failure":{"message":"m"}}',
      /Event 4 .*name/,
    ],
    [
      'a failure with a code that is no text',
      '{"seq":4,"type":"WorkflowFailed","at":1,"failure":{"name":"E","message":"m","code":1}}',
      /Event 4 .*code/,
    ],
    [
      'causes without end',
      `{"seq":4,"type":"WorkflowFailed","at":1,"failure":${'{"name":"E","message":"m","cause":'.repeat(5_000)}null${'}'.repeat(5_000)}}`,
      /Event 4 .*causes/,
    ],
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

  test('numbers that JSON does not have are refused before anything is written', () => {
    const event = {
      seq: 2,
      type: 'TimerStarted',
      at: 0,
      timerId: 't',
      dueAt: Infinity,
      purpose: 'sleep',
    } as const;
    expect(() => encodeEvent(event)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        issues: [expect.objectContaining({ path: 'dueAt' })],
      }),
    );
  });

  test('members of JSON objects never stand in for events or attributes', () => {
    for (const type of ['constructor', '__proto__', 'toString']) {
      expect(() => decodeEvent(`{"seq":1,"at":0,"type":"${type}"}`)).toThrow(
        expect.objectContaining({ code: 'storage_corrupt' }),
      );
    }
  });

  test('an upcast brings older events up to it, and leaves newer ones alone', () => {
    const renamed = {
      to: 2,
      apply: ({ timer, ...rest }: Record<string, unknown>) => ({ ...rest, timerId: timer }),
    };
    const marked = { to: 3, apply: (record: Record<string, unknown>) => ({ ...record, third: true }) };
    const known = [renamed, marked];
    expect(upcast({ timer: 't' }, 1, known)).toEqual({ timerId: 't', third: true });
    expect(upcast({ timerId: 't' }, 2, known)).toEqual({ timerId: 't', third: true });
    expect(upcast({ timerId: 't' }, 3, known)).toEqual({ timerId: 't' });
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
