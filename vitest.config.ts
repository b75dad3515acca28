import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectConfiguration, type UserWorkspaceConfig } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Packages resolve to their sources: no build is needed to run a test. The longer names come first. */
const sources = [
  { find: /^@perdure\/core\/storage$/, replacement: at('packages/core/src/storage.ts') },
  { find: /^@perdure\/core\/internal$/, replacement: at('packages/core/src/internal.ts') },
  { find: /^@perdure\/core$/, replacement: at('packages/core/src/index.ts') },
  { find: /^@perdure\/testing$/, replacement: at('packages/testing/src/index.ts') },
  { find: /^@perdure\/memory$/, replacement: at('adapters/memory/src/index.ts') },
  { find: /^@perdure\/sqlite$/, replacement: at('adapters/sqlite/src/index.ts') },
  { find: /^@perdure\/indexeddb$/, replacement: at('adapters/indexeddb/src/index.ts') },
];

const storage = (name: string) => ({
  find: /^#storage$/,
  replacement: at(`test/storages/${name}.ts`),
});

const suiteFiles = ['test/suite/**/*.test.ts'];
const browserFiles = [
  'packages/**/*.browser.test.ts',
  'adapters/**/*.browser.test.ts',
  'examples/**/*.browser.test.ts',
  'test/**/*.browser.test.ts',
];
const never = ['**/node_modules/**', '**/dist/**'];

/** The shared suite on one storage, in Node. */
const suite = (name: string): TestProjectConfiguration => ({
  resolve: { alias: [storage(name), ...sources] },
  test: {
    name,
    environment: 'node',
    include: suiteFiles,
    exclude: [...never, '**/*.browser.test.ts'],
    setupFiles: ['test/setup/node.ts'],
  },
});

/** A project of files that run in Node on no storage in particular. */
const node = (name: string, test: UserWorkspaceConfig['test']): TestProjectConfiguration => ({
  resolve: { alias: [storage('memory'), ...sources] },
  test: { environment: 'node', setupFiles: ['test/setup/node.ts'], ...test, name },
});

const chromiumPath = process.env['PERDURE_CHROMIUM'] ?? '/usr/bin/chromium';

const launchArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default defineConfig({
  test: {
    // Two workers are enough to overlap waiting, and few enough for a small machine.
    maxWorkers: 2,
    projects: [
      node('unit', {
        include: [
          'packages/**/src/**/*.test.ts',
          'adapters/**/src/**/*.test.ts',
          'examples/**/src/**/*.test.ts',
          'scripts/**/*.test.ts',
        ],
        exclude: [...never, '**/*.browser.test.ts', '**/*.dom.test.ts'],
      }),
      node('happy-dom', {
        environment: 'happy-dom',
        include: ['packages/core/src/runtime/**/*.dom.test.ts'],
        exclude: never,
      }),
      suite('memory'),
      suite('memory-evict'),
      suite('memory-shadow'),
      suite('sqlite'),
      suite('sqlite-evict'),
      suite('indexeddb'),
      node('conformance', {
        include: ['test/conformance/**/*.test.ts'],
        exclude: [...never, '**/*.browser.test.ts'],
        testTimeout: 30_000,
      }),
      node('kills', {
        include: ['test/kills/**/*.test.ts'],
        exclude: [...never, '**/*.browser.test.ts'],
        testTimeout: 300_000,
        hookTimeout: 60_000,
      }),
      {
        resolve: { alias: [storage('chromium'), ...sources] },
        // Named here so that Vite does not discover them in mid-run and reload the page.
        optimizeDeps: { include: ['superjson', 'rxjs', 'idb', 'fast-check'] },
        test: {
          name: 'browser',
          include: [...suiteFiles, ...browserFiles],
          exclude: never,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                args: launchArguments,
                ...(existsSync(chromiumPath) ? { executablePath: chromiumPath } : {}),
              },
            }),
            instances: [{ browser: 'chromium', name: 'chromium' }],
          },
        },
      },
    ],
  },
});
