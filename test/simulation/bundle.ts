import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds the simulator, the real core in it, into one file of JavaScript: twice as fast as sources that are translated on the way. */
export async function bundle(name = 'simulator', plugins: Plugin[] = []): Promise<string> {
  const outdir = `${root}node_modules/.cache/perdure-simulation`;
  await mkdir(outdir, { recursive: true });
  const outfile = `${outdir}/${name}-${process.pid}.mjs`;
  await build({
    entryPoints: [`${here}worker.ts`],
    ...{ outfile, plugins, bundle: true, platform: 'node', format: 'esm', target: 'node20' },
    tsconfig: `${root}tsconfig.json`,
    logLevel: 'error',
  });
  return outfile;
}
