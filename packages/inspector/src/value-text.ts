/** Values nested deeper than this, and further items of long lists, are told in short. */
const mostLevels = 8;
const mostItems = 100;
const mostText = 10_000;

/** Any value that a store can hold, as a person would write it in code. */
export function valueText(value: unknown): string {
  const text = written(value, []);
  return text.length <= mostText ? text : `${text.slice(0, mostText)}… (${text.length} characters)`;
}

function written(value: unknown, above: readonly unknown[]): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      return value === null ? 'null' : objectText(value, above);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'undefined':
    case 'boolean':
    case 'symbol':
    case 'function':
      return String(value);
  }
}

function objectText(value: object, above: readonly unknown[]): string {
  if (above.includes(value)) return '[circular]';
  if (above.length === mostLevels) return '…';
  const inside = [...above, value];
  const list = (items: Iterable<unknown>, text: (item: unknown) => string): string => {
    const shown = [...items];
    const rest = shown.length > mostItems ? [`… ${shown.length - mostItems} more`] : [];
    return [...shown.slice(0, mostItems).map(text), ...rest].join(', ');
  };
  const item = (one: unknown): string => written(one, inside);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (Array.isArray(value)) return `[${list(value, item)}]`;
  if (value instanceof Set) return `Set {${list(value, item)}}`;
  if (value instanceof Map) {
    const entry = (one: unknown): string => (one as readonly unknown[]).map(item).join(' => ');
    return `Map {${list(value, entry)}}`;
  }
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof RegExp || value instanceof URL) return String(value);
  if (value instanceof ArrayBuffer) return `ArrayBuffer [${list(new Uint8Array(value), String)}]`;
  if (ArrayBuffer.isView(value)) return viewText(value, list);
  const field = (one: unknown): string => {
    const [name, content] = one as readonly [string, unknown];
    return `${/^[\w$]+$/.test(name) ? name : JSON.stringify(name)}: ${item(content)}`;
  };
  return `{${list(Object.entries(value), field)}}`;
}

function viewText(
  view: ArrayBufferView,
  list: (items: Iterable<unknown>, text: (item: unknown) => string) => string,
): string {
  const name = view.constructor.name;
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return `${name} [${list(Symbol.iterator in view ? (view as unknown as Iterable<unknown>) : bytes, String)}]`;
}

/** A record of values on one line: `name=value`, what is not set left out. */
export function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ');
}
