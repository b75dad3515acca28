import { client, core, worker, type Cut, type Plant } from './plant.js';

const noHeadCheck: Cut = {
  file: `${core}/storage/refusal.ts`,
  of: `return head.seq === write.fromSeq ? null : 'run-moved';`,
  into: `return null;`,
};

const noStartKey: Cut = {
  file: `${client}/duplicates.ts`,
  of: `expect: [{ kind: 'key', namespace, key: workflowKey(workflowId), value: null }],`,
  into: `expect: [],`,
};

/** Runs: how they begin, what wakes them, how they end and go on, what they have of others. */
export const runs: readonly Plant[] = [
  {
    bug: 'a timer fires a moment early',
    cuts: [
      {
        file: `${worker}/activation.ts`,
        of: `wait.dueAt <= now && (!due`,
        into: `wait.dueAt <= now + 20 && (!due`,
      },
    ],
  },
  {
    bug: 'a run that waits for a timer is not woken for it',
    cuts: [
      {
        file: `${worker}/activation.ts`,
        of: `if (wait.kind === 'timer') next = Math.min(next, wait.dueAt);\n    else if`,
        into: `if`,
      },
    ],
  },
  {
    bug: 'without hints nobody looks for work',
    cuts: [
      {
        file: `${worker}/dispatcher.ts`,
        of: `if (next === null || next > poll) this.#setTimer(poll, 'background', next);`,
        into: `if (next === null) return;\n    if (next > poll) this.#setTimer(next, 'foreground');`,
      },
    ],
  },
  {
    bug: 'a cancellation is lost when the run continues as new',
    cuts: [
      {
        file: `${worker}/next-run.ts`,
        of: `if (instance.cancelRequest) messages.push({ ...about, ...cancelMessage(instance.cancelRequest) });`,
        into: ``,
      },
    ],
  },
  {
    bug: 'what a run has not taken is lost when it continues as new',
    cuts: [
      {
        file: `${worker}/next-run.ts`,
        of: `if (!message || !outlives(instance, input)) continue;`,
        into: `if (message || !outlives(instance, input)) continue;`,
      },
    ],
  },
  {
    bug: 'a child is started without the token of who is to start it, and without a look at its id',
    cuts: [
      {
        file: `${core}/runtime/outbox/errand.ts`,
        of: `expect: [{ kind: 'token', taskId, token }, ...(told?.expect ?? []), ...effect.expect],`,
        into: `expect: [...(told?.expect ?? []), ...effect.expect],`,
      },
      {
        file: `${core}/runtime/outbox/start-child.ts`,
        of: `let origin = firstRun(core, workflowId);`,
        into: `let origin = { ...firstRun(core, workflowId), expect: [] as Batch['expect'] };`,
      },
    ],
  },
  {
    bug: 'the end of a child is not told in the commit that ends it',
    cuts: [
      {
        file: `${worker}/next-run.ts`,
        of: `if (ending.nextAt === undefined) return tellParent(core, runId, parent, ending.event);`,
        into: `if (ending.nextAt === undefined) return { expect: [], writes: [] };`,
      },
    ],
  },
  {
    bug: 'a workflow id is not looked at when a run begins',
    cuts: [noStartKey],
  },
  {
    bug: 'a commit of unknown outcome is repeated blindly, at whatever head',
    cuts: [
      noHeadCheck,
      {
        file: `${core}/runtime/committer.ts`,
        of: `if (!(error instanceof StorageError && error.retryable && error.outcome === 'not-applied')) break;`,
        into: `if (!(error instanceof StorageError && error.retryable)) break;`,
      },
    ],
  },
  {
    bug: 'a run that was read before its newest commit is taken for the whole',
    cuts: [
      {
        file: `${worker}/owned-run.ts`,
        of: `loaded.events.length === loaded.run.seq && loaded.run.seq >= this.#seq;`,
        into: `loaded.run.seq >= this.#seq;`,
      },
    ],
  },
  {
    bug: 'the last event of a long commit is left out',
    cuts: [
      {
        file: `${worker}/commit-plan.ts`,
        of: `      events: input.bodies,\n      changes: input.changes,\n    });\n  } else`,
        into: `      events: input.bodies.slice(0, 7),\n      changes: input.changes,\n    });\n  } else`,
      },
    ],
  },
  {
    bug: 'a run is ended by force at whatever time the clock says',
    cuts: [
      {
        file: `${client}/termination.ts`,
        of: `const at = Math.max(core.clock.now(), run.progressAt);`,
        into: `const at = core.clock.now();`,
      },
    ],
  },
  {
    bug: 'what becomes of children when their parent has ended is looked at, and not done',
    cuts: [
      {
        file: `${core}/runtime/outbox/outbox.ts`,
        of: `return event && isCloseEvent(event) ? closeChildren(errand) : errand.end();`,
        into: `return errand.end();`,
      },
    ],
  },
  {
    bug: 'a child that is ended by force leaves its own children alone',
    cuts: [
      {
        file: `${client}/termination.ts`,
        of: `if (children || inherits || blocked) end.push({ kind: 'put-task', task: errand });`,
        into: ``,
      },
    ],
  },
  {
    bug: 'reads that fail are held against the run',
    cuts: [
      {
        file: `${worker}/owned-run.ts`,
        of: `if (error instanceof StorageError && (error.retryable || error.outcome === 'unknown'))`,
        into: `if (error instanceof StorageError && error.outcome === 'unknown')`,
      },
    ],
  },
];
