import { storageConformance, type StorageFixture } from '@perdure/testing';
import { describe, test } from 'vitest';

/** The cases of the kit as tests of Vitest. A skipped one says why in its name. */
export function conforms(fixture: StorageFixture): void {
  describe(fixture.name, () => {
    for (const { name, group, skip, run } of storageConformance(fixture)) {
      if (skip === undefined) test(`${group}: ${name}`, run, 60_000);
      else test.skip(`${group}: ${name} (${skip})`, run);
    }
  });
}
