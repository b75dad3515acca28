import { join } from 'node:path';
import type { Storage } from '@perdure/core';
import { memory } from '@perdure/memory';
import { sqlite } from '@perdure/sqlite';
import { misused } from '../refusal.js';

const backends: Readonly<Record<string, (folder: string) => Storage>> = {
  memory: () => memory(),
  'sqlite-strict': (folder) => sqlite(join(folder, 'strict.sqlite'), { durability: 'strict' }),
  'sqlite-relaxed': (folder) => sqlite(join(folder, 'relaxed.sqlite'), { durability: 'relaxed' }),
};
export const backendNames: readonly string[] = Object.keys(backends);

/** A fresh store of each of these kinds. Throws a refusal that lists those there are. */
export function backendsCalled(
  names: readonly string[],
  folder: string,
): readonly (readonly [string, Storage])[] {
  return names.map((name) => {
    const make = Object.hasOwn(backends, name) ? backends[name] : undefined;
    if (!make) throw misused(`--backend must be one of ${backendNames.join(', ')}, and is '${name}'`);
    return [name, make(folder)];
  });
}
