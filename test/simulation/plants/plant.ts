import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

/** A bug: one guard of the core, or of the store, that is taken away or made weaker. */
export interface Plant {
  readonly bug: string;
  readonly cuts: readonly Cut[];
}

/** A piece of a source file, which must be there exactly once, and what takes its place in the bundle. */
export interface Cut {
  readonly file: string;
  readonly of: string;
  readonly into: string;
}

export const core = 'packages/core/src';
export const worker = `${core}/runtime/worker`;
export const client = `${core}/runtime/client`;

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Puts a bug into the bundle, and fails where a guard is not found exactly once: then it was changed, and the cut with it must be. */
export function planting({ bug, cuts }: Plant): Plugin {
  return {
    name: 'planting',
    setup(build) {
      const files = new Set(cuts.map(({ file }) => root + file));
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!files.has(path)) return undefined;
        let contents = await readFile(path, 'utf8');
        for (const { file, of, into } of cuts) {
          if (root + file !== path) continue;
          const found = contents.split(of).length - 1;
          if (found !== 1)
            throw new Error(`'${bug}': in ${file} this is there ${found} times, not once: ${of}`);
          contents = contents.replace(of, () => into);
        }
        return { contents, loader: 'ts' };
      });
    },
  };
}
