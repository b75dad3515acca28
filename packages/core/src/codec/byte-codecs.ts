import { InvalidArgumentError, PayloadError } from '../model/errors.js';
import type { RunEvent } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import { payloadText, payloadTree, type Payload, type TextPayload } from '../model/payload.js';
import { fromBase64, toBase64 } from './base64.js';
import { eventFields } from './event-fields.js';
import { encodeFailure } from './failures.js';
import { fromUtf8, toUtf8 } from './utf8.js';

/**
 * Between user values and stored bytes: encryption and compression go here. Both functions may be asynchronous; they run
 * outside transactions.
 */
export interface PayloadCodec {
  /** Stands with every payload that it wrote. Letters, digits, `.`, `_`, `-`. */
  readonly id: string;
  encode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  decode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** Every codec reads what it wrote; the last one writes. So a new key is added at the end, and the old one stays for reading. */
export interface Sealer {
  /** Without codecs nothing is to be done, and nothing is. */
  readonly active: boolean;
  seal(payload: Payload): Promise<TextPayload>;
  /** Throws `PayloadError` where the codec is not here, or fails. */
  open(payload: Payload): Promise<Payload>;
  sealFailure(failure: FailureRecord): Promise<FailureRecord>;
  openFailure(failure: FailureRecord): Promise<FailureRecord>;
  sealEvent(event: RunEvent): Promise<RunEvent>;
  openEvent(event: RunEvent): Promise<RunEvent>;
}

/** Throws `InvalidArgumentError` for codecs without a proper id, or two of one id. */
export function createSealer(codecs: readonly PayloadCodec[]): Sealer {
  const byId = new Map(codecs.map((codec) => [codec.id, codec]));
  const bad = codecs.findIndex(({ id }) => typeof id !== 'string' || !/^[A-Za-z0-9._-]{1,64}$/.test(id));
  if (bad >= 0 || byId.size < codecs.length) {
    throw new InvalidArgumentError('The payload codecs are not valid', [
      {
        path: `codecs[${Math.max(bad, 0)}].id`,
        message: "ids are 1 to 64 letters, digits, '.', '_', '-', and no two are the same",
      },
    ]);
  }
  const writer = codecs.at(-1);

  const seal = async (payload: Payload): Promise<TextPayload> => {
    const text = payloadText(payload);
    if (!writer) return { codec: payload.codec, text };
    const bytes: unknown = await attempt(writer, 'write', () => writer.encode(toUtf8(text)));
    if (!isBytes(bytes))
      throw new PayloadError(`Payload codec '${writer.id}' wrote something else than bytes`, '');
    return { codec: `${writer.id}+${payload.codec}`, text: `"${toBase64(bytes)}"` };
  };

  const open = async (payload: Payload): Promise<Payload> => {
    const plus = payload.codec.indexOf('+');
    if (plus < 0) return payload;
    const id = payload.codec.slice(0, plus);
    const codec = byId.get(id);
    if (!codec)
      throw new PayloadError(
        `This value was written by codec '${id.slice(0, 80)}', which is not here: pass it to codecs`,
        '',
      );
    const text = await attempt(codec, 'read', async () => {
      const stored = payloadTree(payload);
      const bytes = typeof stored === 'string' ? fromBase64(stored) : undefined;
      if (!bytes) throw new TypeError('it is not base 64 any more');
      return fromUtf8(await codec.decode(bytes));
    });
    return { codec: payload.codec.slice(plus + 1), text };
  };

  const failure = (each: (payload: Payload) => Promise<Payload>) => {
    const convert = async (record: FailureRecord): Promise<FailureRecord> => ({
      ...record,
      ...(record.details && { details: await each(record.details) }),
      ...(record.cause && { cause: await convert(record.cause) }),
    });
    return convert;
  };
  const event =
    (
      each: (payload: Payload) => Promise<Payload>,
      eachFailure: (record: FailureRecord) => Promise<FailureRecord>,
    ) =>
    async (original: RunEvent): Promise<RunEvent> => {
      const converted: Record<string, unknown> = { ...original };
      for (const { name, kind } of eventFields[original.type]) {
        const value = converted[name];
        if (value === undefined) continue;
        if (kind.startsWith('payload')) converted[name] = await each(value as Payload);
        else if (kind.startsWith('failure')) converted[name] = await eachFailure(value as FailureRecord);
      }
      return converted as unknown as RunEvent;
    };

  const [sealFailure, openFailure] = [failure(seal), failure(open)];
  return {
    active: codecs.length > 0,
    seal,
    open,
    sealFailure,
    openFailure,
    sealEvent: event(seal, sealFailure),
    openEvent: event(open, openFailure),
  };
}

/** Also bytes of another realm, as test environments hand them out. */
function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]';
}

async function attempt<T>(
  codec: PayloadCodec,
  verb: 'read' | 'write',
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new PayloadError(
      `Payload codec '${codec.id}' could not ${verb} a value: ${encodeFailure(cause).message}`,
      '',
      { cause },
    );
  }
}
