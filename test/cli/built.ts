import { cpSync, mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the command and the modules of this folder lie, as plain JavaScript. */
    perdureCli: string;
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds the command once: sources that are translated on the way would cost each of its many processes a second of work. */
export async function setup({ provide }: TestProject): Promise<() => void> {
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'perdure-cli-'));
  cpSync(join(root, 'packages/cli/package.json'), join(folder, 'package.json'));
  const here = (name: string): string => join(import.meta.dirname, `${name}.ts`);
  await build({
    entryPoints: {
      main: join(root, 'packages/cli/src/main.ts'),
      workflows: here('workflows'),
      'changed-workflows': here('changed-workflows'),
    },
    ...{ outdir: join(folder, 'dist'), bundle: true, splitting: true, platform: 'node', format: 'esm' },
    ...{ target: 'node20', external: ['better-sqlite3'], tsconfig: join(root, 'tsconfig.json') },
    logLevel: 'error',
  });
  provide('perdureCli', join(folder, 'dist'));
  return () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}
