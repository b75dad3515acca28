import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');

/** The worker's program as one file: its processes have to begin quickly, since they do not live for long. */
async function bundled(): Promise<string> {
  const folder = join(root, 'node_modules/.cache/perdure-kills');
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, `worker-${process.pid}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, 'worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['better-sqlite3'],
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'error',
  });
  return outfile;
}

/** Processes that work on one file, and are killed. One more is always on its way, so that all places stay taken. */
export class Crew {
  readonly #program: string;
  readonly #file: string;
  readonly #working: ChildProcess[] = [];
  #coming: Promise<ChildProcess>;

  private constructor(program: string, file: string) {
    this.#program = program;
    this.#file = file;
    this.#coming = this.#begin();
  }

  static async of(size: number, file: string): Promise<Crew> {
    const crew = new Crew(await bundled(), file);
    while (crew.#working.length < size) await crew.#fill();
    return crew;
  }

  /** Kills the one at this place, and resolves when another one has taken it. */
  async killOne(place: number): Promise<void> {
    const [child] = this.#working.splice(place % this.#working.length, 1);
    if (child) await kill(child);
    await this.#fill();
  }

  async killAll(): Promise<void> {
    const last = await this.#coming;
    for (const child of [...this.#working.splice(0), last]) await kill(child);
    await rm(this.#program);
  }

  async #fill(): Promise<void> {
    this.#working.push(await this.#coming);
    this.#coming = this.#begin();
    this.#coming.catch(() => undefined); // told to whoever waits for it
  }

  async #begin(): Promise<ChildProcess> {
    const child = fork(this.#program, [this.#file]);
    const ended = once(child, 'exit').then(() => {
      throw new Error('The worker ended before it was ready');
    });
    ended.catch(() => undefined); // the race below is over by then
    await Promise.race([once(child, 'message'), ended]);
    return child;
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) throw new Error(`A worker ended by itself with code ${child.exitCode}`);
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
