import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Output } from '../output.js';
import { Refusal } from '../refusal.js';
import type { WorkerPlan, WorkerReport } from './plan.js';
import { workerProcessName } from './worker-process.js';

/** How long a place stays empty after a death: this, doubled with each further one, until a process lives that long. Milliseconds. */
const firstRest = 100;
const longestRest = 10_000;
/** Deaths of one place before its process was ever ready, after which there is no point in going on. */
const mostEarlyDeaths = 5;
/** A service manager that stops the whole group tells each process by itself. */
const endedBySigterm = 143;

/**
 * Keeps `procs` worker processes alive until they have ended by themselves, or `stop` was called. Resolves to the exit
 * code: 0 where every process ended in order, 1 otherwise. Rejects where none can work.
 */
export class Supervisor {
  readonly #plan: WorkerPlan;
  readonly #output: Output;
  readonly #children = new Set<ChildProcess>();
  readonly #stopping = new AbortController();
  #orderly = true;

  constructor(plan: WorkerPlan, output: Output) {
    this.#plan = plan;
    this.#output = output;
  }

  async keep(procs: number): Promise<number> {
    const places = Array.from({ length: procs }, (_, index) => this.#keepOne(index + 1));
    try {
      await Promise.all(places);
    } catch (error) {
      this.stop();
      await Promise.allSettled(places);
      throw error;
    }
    return this.#orderly ? 0 : 1;
  }

  /** Lets activities under way end, up to the grace of the engine, and then each process. */
  stop(): void {
    this.#stopping.abort();
    for (const child of this.#children) tellToStop(child);
  }

  /** Ends every process at once: what was under way is taken up by whoever works next. */
  kill(): void {
    this.#orderly = false;
    this.stop();
    for (const child of this.#children) child.kill('SIGKILL');
  }

  async #keepOne(place: number): Promise<void> {
    const { signal } = this.#stopping;
    let earlyDeaths = 0;
    for (let rest = firstRest; !signal.aborted; rest = Math.min(rest * 2, longestRest)) {
      const born = Date.now();
      const { ready, ended } = await this.#live(place);
      if (ended === 'code 0') return;
      if (signal.aborted) break;
      earlyDeaths = ready ? 0 : earlyDeaths + 1;
      if (earlyDeaths === mostEarlyDeaths)
        throw new Refusal(
          `Worker ${place} ended ${earlyDeaths} times (${ended}) before it could begin to work`,
        );
      if (ready && Date.now() - born > longestRest) rest = firstRest;
      this.#output.note(`perdure: worker ${place} ended (${ended}); another one takes its place`);
      await pause(rest, undefined, { signal }).catch(() => undefined); // told to stop meanwhile
    }
  }

  /** One process from its birth to its end. Rejects where it says that it is unable to work. */
  async #live(place: number): Promise<{ readonly ready: boolean; readonly ended: string }> {
    const child = fork(process.argv[1] ?? '', [workerProcessName, JSON.stringify(this.#plan)]);
    this.#children.add(child);
    let ready = false;
    let unable: string | undefined;
    child.on('message', (report: WorkerReport) => {
      if (report.kind === 'unable') unable = report.sentence;
      else {
        ready = true;
        this.#output.line(`worker ${place} is ready (process ${String(child.pid)})`);
      }
    });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    this.#children.delete(child);
    if (unable !== undefined) throw new Refusal(unable);
    if (this.#stopping.signal.aborted && code !== 0 && code !== endedBySigterm) this.#orderly = false;
    return { ready, ended: signal ?? `code ${String(code)}` };
  }
}

function tellToStop(child: ChildProcess): void {
  // Dead already, and its end is on its way here: there is nobody to tell.
  if (child.connected) child.send({ kind: 'stop' }, () => undefined);
}
