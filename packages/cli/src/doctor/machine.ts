import { createRequire } from 'node:module';
import { sqlite } from '@perdure/sqlite';
import { sentenceOf } from '../refusal.js';
import { fine, problem, type Finding } from './finding.js';

/** What this machine offers. Ends with a problem where no store can be opened here. */
export async function* machine(): AsyncGenerator<Finding, void, undefined> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const about = `${process.version} on ${process.platform} ${process.arch}`;
  if (major > 20 || (major === 20 && minor >= 19)) yield fine('node', about);
  else yield problem('node', `${about}: 20.19 or newer is needed`);
  try {
    // The adapter looks at the versions first: some pairs of Node and driver end the process.
    const handle = await sqlite(':memory:').open();
    await handle.close();
    yield fine('better-sqlite3', driverVersion());
  } catch (error) {
    yield problem('better-sqlite3', sentenceOf(error));
  }
}

function driverVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('better-sqlite3/package.json') as { readonly version: string }).version;
}
