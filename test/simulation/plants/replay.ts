import { core, worker, type Plant } from './plant.js';

/** Replay: one input at a time, and what was recorded. */
export const replay: readonly Plant[] = [
  {
    bug: 'those who wait for a condition are woken together',
    cuts: [
      {
        file: `${core}/replay/conditions.ts`,
        of: `for (const wait of this.#run.waits.conditions()) if (this.#wake(wait)) return true;\n    return false;`,
        into: `return this.#run.waits.conditions().filter((wait) => this.#holds(wait)).map((wait) => this.#wake(wait)).length > 0;`,
      },
    ],
  },
  {
    bug: 'inputs that are there together are delivered without a drain between them',
    cuts: [
      {
        file: `${worker}/activation.ts`,
        of: `if (this.instance.step()) return true;`,
        into: `while (this.#inputs.length > 0 && this.#feedNext());\n      if (this.instance.step()) return true;`,
      },
      {
        file: `${core}/replay/instance.ts`,
        of: `        this.#blockOn(error);\n      }\n      return true;`,
        into: `        this.#blockOn(error);\n      }\n      const following = this.#feed[0];\n      if (following && 'fresh' in following) {\n        this.#delivered = false;\n        this.recorder.end();\n        continue;\n      }\n      return true;`,
      },
    ],
  },
  {
    bug: 'a recorded side effect is done again on replay',
    cuts: [
      {
        file: `${core}/replay/context.ts`,
        of: `    return run.decode(value as Payload);\n  }\n  #outcomeOf`,
        into: `    return run.recorder.replaying ? fn() : run.decode(value as Payload);\n  }\n  #outcomeOf`,
      },
    ],
  },
  {
    bug: 'chance differs from replay to replay',
    cuts: [
      {
        file: `${core}/replay/instance.ts`,
        of: `this.random = new SeededRandom(started.seed ?? started.runId);`,
        into: `this.random = new SeededRandom(started.runId + String(++WorkflowInstance.made));`,
      },
      {
        file: `${core}/replay/instance.ts`,
        of: `  readonly scopes = new Scopes();`,
        into: `  static made = 0;\n  readonly scopes = new Scopes();`,
      },
    ],
  },
  {
    bug: 'code of a new build takes the new way in a run that went the old one',
    cuts: [
      {
        file: `${core}/replay/versions.ts`,
        of: `recorder.takeMarker(changeId)?.version ?? legacy`,
        into: `recorder.takeMarker(changeId)?.version ?? newest`,
      },
    ],
  },
  {
    bug: 'the version of a change is decided anew at each visit',
    cuts: [{ file: `${core}/replay/versions.ts`, of: `this.#known.set(changeId, version);`, into: `` }],
  },
];
