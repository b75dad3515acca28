import { isPerdureError } from '@perdure/core';
import fc from 'fast-check';
import { expect } from 'vitest';

/** `PERDURE_FUZZ=100` in Node for as many times as long a look; pages have no environment. */
const host = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process;
const longer = Number(host?.env?.['PERDURE_FUZZ'] ?? 1);

/** How often a property is tried. fast-check tells the seed and the path of what failed: `PERDURE_FUZZ_SEED` tries it again. */
export function tries(count: number): fc.Parameters<unknown> {
  const seed = host?.env?.['PERDURE_FUZZ_SEED'];
  return {
    numRuns: Math.ceil(count * longer),
    ...(longer > 1 && { maxSkipsPerRun: 1_000 }),
    ...(seed !== undefined && { seed: Number(seed) }),
  };
}

/** What stands in JSON where something else stood. */
const nasty = fc.oneof(
  fc.constantFrom<unknown>(
    ...[
      null,
      true,
      false,
      0,
      -1,
      1,
      1.5,
      1e308,
      -1e308,
      2 ** 53,
      2 ** 53 - 1,
      -(2 ** 53),
      8.64e15,
      8.64e15 + 1,
    ],
    ...[
      '',
      ' ',
      'a',
      '__proto__',
      'constructor',
      'toString',
      'then',
      '\0',
      '\ud800',
      '../..',
      "'; drop table runs; --",
    ],
    ...[
      'superjson',
      'json',
      'undefined',
      'redacted',
      'x+json',
      'NaN',
      '-0',
      'x'.repeat(300),
      'x'.repeat(70_000),
    ],
    ...[[], {}, [null], [[]], { codec: 'superjson', data: {} }, { codec: 'json', data: 1 }, { json: 1 }],
    ...[
      'WorkflowStarted',
      'WorkflowCompleted',
      'ActivityCompleted',
      'SignalReceived',
      'TimerFired',
      'UpdateAccepted',
    ],
    { codec: 'redacted', data: { codec: 'redacted', data: { codec: 'json', data: 1 } } },
    { codec: 'superjson', data: { json: { a: '1' }, meta: { v: 1, values: { 'a.constructor': ['Date'] } } } },
    { name: 'E', message: 'm', cause: { name: 'E', message: 'm' } },
  ),
  fc
    .constant(undefined)
    .map(
      () =>
        JSON.parse(
          '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
        ) as unknown,
    ),
  fc
    .integer({ min: 1, max: 400 })
    .map((levels) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown),
  fc.integer(),
  fc.string(),
);

type Place = { readonly parent: Record<string, unknown>; readonly key: string };

function placesIn(tree: unknown): Place[] {
  const places: Place[] = [];
  const look = (parent: unknown): void => {
    if (typeof parent !== 'object' || parent === null) return;
    for (const key of Object.keys(parent)) {
      places.push({ parent: parent as Record<string, unknown>, key });
      look((parent as Record<string, unknown>)[key]);
    }
  };
  look(tree);
  return places;
}

interface Change {
  readonly at: number;
  readonly how: 'replace' | 'remove' | 'add' | 'repeat' | 'swap' | 'nudge' | 'rename';
  readonly value: unknown;
  readonly name: string;
  readonly other: number;
}
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(1_000_000),
  how: fc.constantFrom('replace', 'replace', 'remove', 'add', 'repeat', 'swap', 'nudge', 'rename'),
  value: nasty,
  name: fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'x',
    'cause',
    'details',
    'origin',
    'parent',
    'v',
  ),
  other: fc.nat(1_000_000),
});

/** Some of the tree's members replaced, removed, added, repeated, swapped or changed a little; the tree itself stays. */
export const changes = fc.array(change, { minLength: 1, maxLength: 3 });

export function changed<T>(tree: T, all: readonly Change[]): T {
  const copy = { root: JSON.parse(JSON.stringify(tree)) as T };
  for (const one of all) apply(copy, one);
  return copy.root;
}

function apply(tree: object, { at, how, value, name, other }: Change): void {
  const places = placesIn(tree).slice(1);
  const place = places[at % places.length];
  if (!place) return;
  const { parent, key } = place;
  const set = (to: object, member: string, what: unknown): void =>
    void Object.defineProperty(to, member, {
      value: what,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  const inner = parent[key];
  switch (how) {
    case 'replace':
      return set(parent, key, value);
    case 'remove':
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else Reflect.deleteProperty(parent, key);
      return;
    case 'add':
      if (Array.isArray(parent)) parent.splice(Number(key), 0, value);
      else set(parent, name, value);
      return;
    case 'repeat':
      if (Array.isArray(parent)) parent.splice(Number(key), 0, JSON.parse(JSON.stringify(inner)));
      else set(parent, name, JSON.parse(JSON.stringify(inner)));
      return;
    case 'swap': {
      const second = places[other % places.length];
      if (!second || isWithin(second.parent, inner) || isWithin(parent, second.parent[second.key])) return;
      set(parent, key, second.parent[second.key]);
      return set(second.parent, second.key, inner);
    }
    case 'nudge':
      if (typeof inner === 'number') return set(parent, key, inner + [-1, 1, 0.5, 1e6][other % 4]!);
      if (typeof inner === 'string')
        return set(parent, key, inner.slice(0, other % (inner.length + 1)) + name);
      return;
    case 'rename':
      if (Array.isArray(parent)) return;
      Reflect.deleteProperty(parent, key);
      return set(parent, name, inner);
  }
}

function isWithin(object: unknown, tree: unknown): boolean {
  return (
    object === tree || placesIn(tree).some(({ parent, key }) => parent === object || parent[key] === object)
  );
}

/** What a promise comes to: a value, or an error of the library; anything else fails. */
export async function coded<T>(promise: Promise<T>): Promise<{ value: T } | { code: string }> {
  try {
    return { value: await promise };
  } catch (error) {
    if (isPerdureError(error)) return { code: error.code };
    throw new Error(
      `An error without a code: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
    );
  }
}

export function expectNoPollution(): void {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
}
