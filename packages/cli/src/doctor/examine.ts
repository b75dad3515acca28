import { createClient } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import type { Definitions } from '../modules.js';
import { sentenceOf } from '../refusal.js';
import { stderrLogger } from '../stderr-logger.js';
import { storeFile } from './file.js';
import { fine, problem, type Finding } from './finding.js';
import { machine } from './machine.js';
import { runs } from './runs.js';
import { tasks } from './tasks.js';

/** Looks at this machine, and at a store where one is named. What stands on a problem is not looked at. */
export async function* examine(
  path: string | undefined,
  namespace: string,
  definitions: Definitions | undefined,
): AsyncGenerator<Finding, void, undefined> {
  let sound = true;
  const noted = function* (finding: Finding): Iterable<Finding> {
    if (finding.state === 'problem') sound = false;
    yield finding;
  };
  for await (const finding of machine()) yield* noted(finding);
  if (path === undefined || !sound) return;
  for await (const finding of storeFile(path)) yield* noted(finding);
  if (!sound) return;
  try {
    const storage = sqlite(path);
    const handle = await storage.open();
    const { durability, reach } = handle.traits;
    yield fine('opens', `durability ${durability}, reach ${reach}`);
    const client = await createClient({ storage, namespace, logger: stderrLogger });
    try {
      yield* runs(client, definitions);
      yield* tasks(handle, namespace);
    } finally {
      await client.close();
      await handle.close();
    }
  } catch (error) {
    yield problem('opens', sentenceOf(error));
  }
}
