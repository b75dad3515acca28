import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectConfiguration, type UserWorkspaceConfig } from 'vitest/config';
import { sourceAliases, storageAlias } from './source-aliases.js';
import { chromiumOptions } from './test/chromium.js';

const suiteFiles = ['test/suite/**/*.test.ts'];
const browserFiles = '{packages,adapters,examples,test}/**/*.browser.test.ts';
const never = ['**/node_modules/**', '**/dist/**'];
const onlyNode = [...never, '**/*.browser.test.ts', '**/*.dom.test.ts'];

/** Nothing is measured by these: a hang is a hang after thirty seconds too, on a machine that is busy otherwise. */
const patience = { testTimeout: 30_000, hookTimeout: 30_000, expect: { poll: { timeout: 20_000 } } };

/** The shared suite on one storage, in Node. */
const suite = (name: string): TestProjectConfiguration => ({
  resolve: { alias: [storageAlias(name), ...sourceAliases] },
  test: { ...patience, name, environment: 'node', include: suiteFiles, exclude: onlyNode },
});

/** Every crash point of the reference workflows, on one storage. */
const crashPoints = (storage: string): TestProjectConfiguration => ({
  resolve: { alias: [storageAlias(storage), ...sourceAliases] },
  test: {
    ...patience,
    name: 'crash-points',
    environment: 'node',
    include: ['test/crash-points/**/*.test.ts'],
    testTimeout: 900_000,
  },
});

/** Files that run in Node on no storage in particular. */
const node = (name: string, test: UserWorkspaceConfig['test']): TestProjectConfiguration => ({
  resolve: { alias: [storageAlias('memory'), ...sourceAliases] },
  test: { ...patience, environment: 'node', exclude: onlyNode, ...test, name },
});

/** Files that run in a page of a real Chromium. */
const browser = (name: string, include: string[]): TestProjectConfiguration => ({
  resolve: { alias: [storageAlias(name), ...sourceAliases] },
  // Named here so that Vite does not discover them in mid-run and reload the page.
  optimizeDeps: { include: ['superjson', 'rxjs', 'idb', 'fast-check'] },
  test: {
    // The instance below gives the project its name: `--project chromium`.
    ...patience,
    name: `${name}-pages`,
    include,
    exclude: never,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: chromiumOptions }),
      instances: [{ browser: 'chromium', name }],
    },
  },
});

export default defineConfig({
  test: {
    // Two workers overlap waiting, and leave a small machine able to keep its time limits.
    maxWorkers: 2,
    projects: [
      node('unit', {
        include: ['{packages,adapters,examples}/**/src/**/*.test.ts', '{scripts,test/readme}/**/*.test.ts'],
      }),
      node('happy-dom', {
        environment: 'happy-dom',
        include: ['packages/{core,inspector}/src/**/*.dom.test.ts'],
        exclude: never,
      }),
      suite('memory'),
      suite('memory-evict'),
      suite('memory-shadow'),
      suite('sqlite'),
      suite('sqlite-evict'),
      suite('sqlite-shadow'),
      suite('indexeddb'),
      suite('indexeddb-evict'),
      suite('indexeddb-shadow'),
      node('cli', {
        include: ['test/cli/**/*.test.ts'],
        globalSetup: ['test/cli/built.ts'],
        testTimeout: 120_000,
      }),
      node('golden', { include: ['test/golden/**/*.test.ts'] }),
      node('conformance', { include: ['test/conformance/**/*.test.ts'] }),
      node('simulation', { include: ['test/simulation/**/*.test.ts'], testTimeout: 900_000 }),
      crashPoints(process.env['PERDURE_CRASH_STORAGE'] ?? 'memory'),
      node('soak', { include: ['test/soak/**/*.test.ts'] }),
      node('kills', {
        include: ['test/kills/**/*.test.ts'],
        testTimeout: 300_000,
        hookTimeout: 60_000,
        // Processes that are killed at chosen moments want the machine to themselves: last, one file at a time.
        maxWorkers: 1,
        sequence: { groupOrder: 1 },
      }),
      browser('chromium', [...suiteFiles, browserFiles]),
      browser('chromium-evict', suiteFiles),
      browser('chromium-shadow', suiteFiles),
    ],
  },
});
