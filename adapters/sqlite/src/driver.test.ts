import { expect, test, vi } from 'vitest';
import { loadDriver } from './driver.js';

const driver = function Database(): void {};

/** What `require` finds, and whether it was asked for the native module. */
function installed(version: string | undefined, native: () => unknown = () => driver) {
  const loaded = vi.fn(native);
  const load = (id: string): unknown => {
    if (version === undefined)
      throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
    return id === 'better-sqlite3/package.json' ? { version } : loaded();
  };
  return { load, loaded };
}

const refusal = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

test('better-sqlite3 13 is refused on Node 20, before it could end the process', () => {
  const { load, loaded } = installed('13.2.0');
  expect(refusal(() => loadDriver(load, '20.20.2'))).toMatchObject({
    code: 'storage_unsupported',
    message: expect.stringContaining('install better-sqlite3@12') as string,
  });
  expect(loaded).not.toHaveBeenCalled();
});

test.each([
  ['12.11.1', '20.20.2'],
  ['12.11.1', '24.1.0'],
  ['13.2.0', '22.0.0'],
])('better-sqlite3 %s is loaded on Node %s', (version, node) => {
  expect(loadDriver(installed(version).load, node)).toBe(driver);
});

test('a missing better-sqlite3 is said to be missing, and what to install', () => {
  expect(refusal(() => loadDriver(installed(undefined).load))).toMatchObject({
    code: 'storage_unsupported',
    message: expect.stringContaining('npm install better-sqlite3') as string,
  });
});

test('one that was built for another Node is said to need building', () => {
  const cause = Object.assign(new Error('NODE_MODULE_VERSION'), { code: 'ERR_DLOPEN_FAILED' });
  const { load } = installed('12.11.1', () => {
    throw cause;
  });
  expect(refusal(() => loadDriver(load))).toMatchObject({
    code: 'storage_unsupported',
    message: expect.stringContaining('npm rebuild better-sqlite3') as string,
    cause,
  });
});

test('the one that is installed here is loaded', () => {
  const database = new (loadDriver())(':memory:', { timeout: 0 });
  expect(database.open).toBe(true);
  database.close();
});
