import { openClient, openEngine } from '@perdure/core/internal';
import { memory } from '@perdure/memory';
import { Callers } from './callers.js';
import { drawChaos, isExact, type Chaos } from './chaos.js';
import { judge } from './judge.js';
import { Ledger } from './ledger.js';
import { linked, type Network } from './link.js';
import { SimulatedProcess } from './process.js';
import { Random } from './random.js';
import { drawScenario, type Scenario } from './script.js';
import { Witness } from './witness.js';
import { codeOf } from './workflow.js';
import { World } from './world.js';

/** What a seed came to. */
export interface Outcome {
  readonly seed: number;
  /** The guarantee that was broken, and how; undefined where all of them held. */
  readonly violation: string | undefined;
  readonly steps: number;
  readonly trace: readonly string[];
  readonly witness: Witness;
  readonly ledger: Ledger;
}

export interface Options {
  /** In the place of what the seed draws: for making a failure smaller. */
  readonly scenario?: Scenario;
  readonly chaos?: Chaos;
  /** Keeps a line for whatever is worth telling. Default false. */
  readonly traced?: boolean;
}

const startAt = Date.UTC(2030, 0, 1);
/** Once nothing goes wrong any more, everything has ended after so long. Milliseconds. */
const patience = 3_600_000;

/** Runs one seed to its end. */
export async function simulate(seed: number, options: Options = {}): Promise<Outcome> {
  const simulation = new Simulation(seed, options);
  await simulation.run();
  return simulation.outcome;
}

class Simulation {
  readonly #seed: number;
  readonly #scenario: Scenario;
  readonly #drawn: Chaos;
  readonly #random: Random;
  readonly #world: World;
  readonly #witness: Witness;
  readonly #ledger = new Ledger();
  readonly #network: Network;
  readonly #trace: string[] = [];
  readonly #traced: boolean;
  readonly #callers: Callers;
  readonly #workers: SimulatedProcess[] = [];
  #chaos: Chaos | undefined;
  #build: 'old' | 'new' = 'old';
  #born = 0;

  constructor(seed: number, { scenario, chaos, traced = false }: Options) {
    this.#seed = seed;
    this.#scenario = scenario ?? drawScenario(Random.of(seed, 'scenario'));
    this.#drawn = this.#chaos = chaos ?? drawChaos(Random.of(seed, 'chaos'));
    this.#random = Random.of(seed, 'simulation');
    this.#world = new World(seed, startAt);
    this.#witness = new Witness(this.#world);
    this.#traced = traced;
    this.#callers = new Callers(this.#scenario, this.#witness.blame, (what) => {
      this.#note(what);
    });
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- a getter below has a `this` of its own
    const self = this;
    this.#network = {
      world: this.#world,
      witness: this.#witness,
      storage: memory(),
      random: Random.of(seed, 'network'),
      get chaos() {
        return self.#chaos;
      },
      crash: (process) => {
        this.#crash(process);
      },
      note: (process, what) => {
        if (this.#traced) this.#note(`${process.name}: ${typeof what === 'string' ? what : what()}`);
      },
    };
  }

  get outcome(): Outcome {
    return {
      seed: this.#seed,
      violation: this.#witness.violation,
      steps: this.#world.steps,
      trace: this.#trace,
      witness: this.#witness,
      ledger: this.#ledger,
    };
  }

  async run(): Promise<void> {
    const { workers, clients, lasts, upgradeAt } = this.#drawn;
    for (let i = 0; i < workers; i++) this.#employ(i);
    for (let i = 0; i < clients; i++) this.#send(i, clients);
    this.#world.after(lasts, undefined, () => {
      this.#calm();
    });
    if (upgradeAt !== undefined) this.#world.after(upgradeAt, undefined, () => this.#upgrade());
    const end = startAt + lasts + patience;
    await this.#world.run(() => this.#isOver || this.#world.now > end);
    judge({
      witness: this.#witness,
      ledger: this.#ledger,
      told: this.#callers.told,
      finished: this.#callers.finished,
      results: this.#callers.results,
      unanswered: this.#callers.waiting,
      exact: isExact(this.#drawn),
    });
  }

  get #isOver(): boolean {
    return (
      this.#witness.violation !== undefined ||
      (this.#chaos === undefined &&
        this.#callers.waiting === 0 &&
        this.#witness.open === 0 &&
        this.#witness.errands === 0)
    );
  }

  #note(what: string): void {
    if (this.#traced) this.#trace.push(`${(this.#world.now - startAt).toFixed(2).padStart(10)} ${what}`);
  }

  // ── processes ───────────────────────────────────────────────────────────────────────────────────────────────────

  #process(name: string, mortal: boolean): SimulatedProcess {
    const { skew } = this.#drawn;
    const off = skew > 0 ? this.#random.between(-skew, skew) : 0;
    return new SimulatedProcess(this.#world, this.#seed, name, off, mortal);
  }

  /** A worker in the place of that number, until it dies. */
  #employ(place: number): void {
    const process = this.#process(`w${place}.${++this.#born}`, true);
    this.#workers[place] = process;
    const chaos = this.#drawn;
    const cached = this.#random.pick(chaos.cached);
    const open = async (): Promise<void> => {
      this.#note(`${process.name}: opens (${this.#build}, keeps ${cached})`);
      const { engine, worker } = await openEngine(
        {
          ...codeOf(
            process,
            this.#ledger,
            this.#build,
            (what) => {
              this.#note(`${process.name}: ${what}`);
            },
            (taskToken, part, end) => {
              this.#witness.entrusted.add(taskToken);
              this.#callers.end(taskToken, part, end);
            },
          ),
          storage: linked(this.#network, process),
          clock: process.clock,
          logger: this.#logger(process),
          maxCachedWorkflows: cached === 'always' ? 1_000 : cached,
        },
        {
          platform: process.platform,
          checks: { alwaysEvict: cached === 'always', shadowReplay: chaos.shadowReplay },
        },
      );
      process.workerId = worker.id;
      if (this.#chaos && this.#random.chance(chaos.reopen / 10)) {
        process.after(this.#random.below(5_000), () => {
          this.#note(`${process.name}: closes in good order`);
          void engine.close({ grace: this.#random.pick([0, 100, 5_000]) }).then(
            () => {
              this.#replace(process, 10);
            },
            () => {
              this.#crash(process);
            },
          );
        });
      }
    };
    process.after(0, () => {
      // An engine that cannot be opened now is opened again, as whoever runs it would.
      void open().catch(() => {
        this.#crash(process);
      });
    });
    this.#trouble(process);
  }

  /** What befalls a process by itself. */
  #trouble(process: SimulatedProcess): void {
    const { crashes, jump } = this.#drawn;
    if (this.#random.chance(crashes / 10)) {
      process.after(this.#random.pick([20, 400, 5_000]) * this.#random.next(), () => {
        if (this.#chaos) this.#crash(process);
      });
    }
    if (jump > 0) {
      process.after(this.#random.below(3_000), () => {
        if (!this.#chaos) return;
        process.skew = this.#random.between(-jump, jump);
        this.#note(`${process.name}: clock jumps to ${process.skew} ms off`);
      });
    }
  }

  #crash(process: SimulatedProcess): void {
    if (!process.alive) return;
    this.#note(`${process.name}: dies`);
    const noticed = this.#random.chance(this.#drawn.deathNoticed);
    this.#replace(process, this.#random.below(2_000));
    if (noticed && process.workerId !== undefined) void this.#releaseLeases(process.workerId);
  }

  async #releaseLeases(workerId: string): Promise<void> {
    const handle = await this.#network.storage.open();
    this.#witness.released(workerId);
    await handle.releaseLeases(workerId);
    await handle.close();
  }

  #replace(process: SimulatedProcess, after: number): void {
    process.alive = false;
    const place = this.#workers.indexOf(process);
    if (place >= 0)
      this.#world.after(after, undefined, () => {
        this.#employ(place);
      });
  }

  /** Every worker dies, and the next ones have newer code. */
  #upgrade(): void {
    this.#note('all workers are replaced by a new build');
    this.#build = 'new';
    for (const process of this.#workers) this.#crash(process);
  }

  /** From now on everything works. */
  #calm(): void {
    this.#note('nothing goes wrong any more');
    this.#chaos = undefined;
    for (const process of this.#workers) process.asleepUntil = 0;
  }

  #logger(process: SimulatedProcess): NonNullable<Parameters<typeof openEngine>[0]['logger']> {
    const log = (message: string, fields?: object): void => {
      const { error } = (fields ?? {}) as { error?: { message?: string } };
      this.#note(`${process.name}: "${message}" ${error?.message ?? ''}`);
    };
    return { debug: () => undefined, info: () => undefined, warn: log, error: log };
  }

  // ── clients ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #send(place: number, clients: number): void {
    const process = this.#process(`c${place}`, false);
    const opened = openClient(
      {
        storage: linked(this.#network, process),
        clock: process.clock,
        logger: this.#logger(process),
      },
      { platform: process.platform },
    );
    this.#callers.send(process, opened, (i) => i % clients === place);
  }
}
