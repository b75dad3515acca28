import { fromBase64, toBase64 } from './base64.js';

type ViewType = new (buffer: ArrayBuffer) => object;

const types: Readonly<Record<string, ViewType>> = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
};

/** An `ArrayBuffer` or a view on one. A view comes back on a buffer of its own, a `Buffer` of Node as a `Uint8Array`. */
export function isBinary(value: object): value is ArrayBuffer | ArrayBufferView {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/**
 * `type:base64`; undefined for what would not come back: memory that is shared, views that are not everywhere, and those
 * of classes. Throws for what only says that it is a buffer, which would be taken for an empty one.
 */
export function writeBinary(value: ArrayBuffer | ArrayBufferView): string | undefined {
  if (value instanceof ArrayBuffer) {
    byteLength.call(value);
    return `ArrayBuffer:${toBase64(new Uint8Array(value))}`;
  }
  const name = Object.prototype.toString.call(value).slice(8, -1);
  if (!isOwnType(name, Object.getPrototypeOf(value)) || !(value.buffer instanceof ArrayBuffer))
    return undefined;
  return `${name}:${toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`;
}

/** Called with a buffer as `this` only. */
const byteLength = Reflect.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')?.['get'] as (
  this: ArrayBuffer,
) => number;

/** Where Node is, its `Buffer` extends a type of ours. */
const { Buffer } = globalThis as { readonly Buffer?: { readonly prototype: unknown } };

function isOwnType(name: string, prototype: unknown): boolean {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  return type !== undefined && (prototype === type.prototype || prototype === Buffer?.prototype);
}

/** Throws for what `writeBinary` did not write. */
export function readBinary(text: string): object {
  const colon = text.indexOf(':');
  const name = text.slice(0, colon);
  const bytes = fromBase64(text.slice(colon + 1));
  if (!bytes) throw new TypeError('binary data that is not base 64');
  const { buffer } = bytes;
  if (name === 'ArrayBuffer') return buffer;
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (!type) throw new TypeError(`binary data of unknown type '${name.slice(0, 40)}'`);
  return new type(buffer);
}
