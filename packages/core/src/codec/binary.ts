import { fromBase64, toBase64 } from './base64.js';

type View = ArrayBufferView & { readonly constructor: { readonly name: string } };
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

/** An `ArrayBuffer` or a view on one. Subclasses, such as Node's `Buffer`, come back as the type that they extend. */
export function isBinary(value: unknown): value is ArrayBuffer | ArrayBufferView {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/** `type:base64`. */
export function writeBinary(value: ArrayBuffer | ArrayBufferView): string {
  if (value instanceof ArrayBuffer) return `ArrayBuffer:${toBase64(new Uint8Array(value))}`;
  return `${typeOf(value as View)}:${toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`;
}

export function readBinary(text: string): ArrayBuffer | object {
  const colon = text.indexOf(':');
  const name = text.slice(0, colon);
  const bytes = fromBase64(text.slice(colon + 1));
  if (!bytes) throw new Error('binary data that is not base 64');
  const buffer = bytes.buffer as ArrayBuffer;
  if (name === 'ArrayBuffer') return buffer;
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (!type) throw new Error(`binary data of unknown type '${name.slice(0, 40)}'`);
  return new type(buffer);
}

function typeOf(view: View): string {
  if (view instanceof DataView) return 'DataView';
  for (let at: unknown = Object.getPrototypeOf(view); at; at = Object.getPrototypeOf(at)) {
    const { name } = (at as View).constructor;
    if (Object.hasOwn(types, name) && types[name] === (at as View).constructor) return name;
  }
  return 'Uint8Array';
}
