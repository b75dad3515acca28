import { describe, expect, test } from 'vitest';
import { createSealer, type PayloadCodec } from './byte-codecs.js';
import { encodeFailure } from './failures.js';
import { decodeValue, encodeValue } from './values.js';

const xor = (id: string, key: number): PayloadCodec => {
  const turn = async (bytes: Uint8Array): Promise<Uint8Array> =>
    Promise.resolve(bytes.map((byte) => byte ^ key));
  return { id, encode: turn, decode: turn };
};

describe('byte codecs', () => {
  test('the last one writes, all of them read', async () => {
    const old = createSealer([xor('k1', 7)]);
    const now = createSealer([xor('k1', 7), xor('k2', 9)]);
    const before = await old.seal(encodeValue({ secret: 'é\u{1F600}' }));
    const after = await now.seal(encodeValue(1n));
    expect([before.codec, after.codec]).toEqual(['k1+json', 'k2+superjson']);
    expect(before.text).not.toContain('secret');
    expect(decodeValue(await now.open(before))).toEqual({ secret: 'é\u{1F600}' });
    expect(decodeValue(await now.open(after))).toBe(1n);
    await expect(old.open(after)).rejects.toMatchObject({
      code: 'payload_invalid',
      message: expect.stringContaining("'k2'"),
    });
  });

  test('what was written without codecs stays readable', async () => {
    expect(decodeValue(await createSealer([xor('k', 1)]).open(encodeValue('plain')))).toBe('plain');
  });

  test('events are sealed with their failures and payloads, and opened again', async () => {
    const sealer = createSealer([xor('k', 3)]);
    const event = {
      seq: 1,
      at: 0,
      type: 'ActivityFailed',
      activityId: 'a',
      attempt: 1,
      failure: encodeFailure(Object.assign(new Error('m'), { details: 'secret' })),
    } as const;
    const sealed = await sealer.sealEvent(event);
    expect(JSON.stringify(sealed)).not.toContain('secret');
    expect(await sealer.openEvent(sealed)).toEqual(event);
  });

  test('a codec that throws gives a payload error with its cause', async () => {
    const broken: PayloadCodec = {
      id: 'broken',
      encode: () => {
        throw new Error('no key');
      },
      decode: () => {
        throw new Error('no key');
      },
    };
    await expect(createSealer([broken]).seal(encodeValue(1))).rejects.toMatchObject({
      code: 'payload_invalid',
      message: expect.stringContaining('no key'),
    });
    await expect(createSealer([broken]).open({ codec: 'broken+json', text: '"%%"' })).rejects.toMatchObject({
      code: 'payload_invalid',
    });
  });

  test('a codec that gives back no bytes is refused before anything is written', async () => {
    const empty = { id: 'empty', encode: () => undefined as never, decode: (bytes: Uint8Array) => bytes };
    await expect(createSealer([empty]).seal(encodeValue(1))).rejects.toMatchObject({
      code: 'payload_invalid',
    });
  });

  test('a sealed payload that was read from a store, and one that was damaged there', async () => {
    const sealer = createSealer([xor('k', 5)]);
    const { codec, text } = await sealer.seal(encodeValue(['a', 1n]));
    expect(decodeValue(await sealer.open({ codec, tree: JSON.parse(text) as string }))).toEqual(['a', 1n]);
    for (const tree of [7, null, ['x'], '!', 'AAA', '////']) {
      await expect(sealer.open({ codec, tree })).rejects.toMatchObject({ code: 'payload_invalid' });
    }
  });

  test('without codecs nothing changes', async () => {
    const sealer = createSealer([]);
    expect(sealer.active).toBe(false);
    const payload = encodeValue({ a: 1 });
    expect(await sealer.seal(payload)).toEqual(payload);
    expect(await sealer.open(payload)).toBe(payload);
  });

  test('ids must be proper and different', () => {
    expect(() => createSealer([xor('a b', 1)])).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    );
    expect(() => createSealer([xor('a', 1), xor('a', 2)])).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    );
  });
});
