import { client, core, worker, type Plant } from './plant.js';

/** Activities: attempts, outcomes, their tasks. */
export const activities: readonly Plant[] = [
  {
    bug: 'the outcome of an activity counts whoever has its task now',
    cuts: [
      {
        file: `${core}/runtime/activity-end.ts`,
        of: `      { kind: 'token', taskId, token },\n      { kind: 'run-open', runId },`,
        into: `      { kind: 'run-open', runId },`,
      },
      {
        file: `${worker}/commit-plan.ts`,
        of: `    expect.push({ kind: 'token', taskId, token });\n    if (!closed)`,
        into: `    if (!closed)`,
      },
    ],
  },
  {
    bug: 'the lease of an activity is renewed whoever has it now',
    cuts: [
      {
        file: `${worker}/activity-loop.ts`,
        of: `expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],\n        writes: [{ kind: 'put-task', task: extended }],`,
        into: `expect: [],\n        writes: [{ kind: 'put-task', task: extended }],`,
      },
    ],
  },
  {
    bug: 'an activity is put back for another attempt whoever has it now',
    cuts: [
      {
        file: `${worker}/activity-loop.ts`,
        of: `      finished: attempt.body.finished + 1,\n      lastFailure,\n    });\n    await this.#record({\n      expect: [{ kind: 'token', taskId: task.taskId, token: task.token }],`,
        into: `      finished: attempt.body.finished + 1,\n      lastFailure,\n    });\n    await this.#record({\n      expect: [],`,
      },
    ],
  },
  {
    bug: 'attempts that failed are not counted',
    cuts: [
      {
        file: `${worker}/activity-loop.ts`,
        of: `finished: attempt.body.finished + 1,`,
        into: `finished: attempt.body.finished,`,
      },
    ],
  },
  {
    bug: 'attempts are counted when they end, not when they are claimed',
    cuts: [
      {
        file: 'adapters/memory/src/tasks.ts',
        of: `attempt: task.attempt + 1,`,
        into: `attempt: task.attempt,`,
      },
      { file: `${worker}/commit-plan.ts`, of: `attempt: leased ? 1 : 0,`, into: `attempt: 0,` },
    ],
  },
  {
    bug: 'an activity whose outcome is taken stays in the queue',
    cuts: [
      {
        file: `${worker}/commit-plan.ts`,
        of: `if (!closed) writes.push({ kind: 'drop-task', taskId });`,
        into: ``,
      },
    ],
  },
  {
    bug: 'a cancelled activity stays in the queue',
    cuts: [
      {
        file: `${worker}/commit-plan.ts`,
        of: `plan.writes.push({ kind: 'drop-task', taskId: cancelled.taskId });`,
        into: ``,
      },
    ],
  },
  {
    bug: 'an activity that this worker has no room for is not put into the queue with its command',
    cuts: [
      {
        file: `${worker}/commit-plan.ts`,
        of: `plan.writes.push({ kind: 'put-task', task });\n      if (leased)`,
        into: `if (leased) plan.writes.push({ kind: 'put-task', task });\n      if (leased)`,
      },
    ],
  },
  {
    bug: 'a run that is loaded takes back what a claim has just been granted',
    cuts: [
      {
        file: `${worker}/owned-run.ts`,
        of: `    if (!instance.activities().some(({ id }) => activities.isAdrift(activityTaskId(this.runId, id)))) return;\n`,
        into: ``,
      },
      {
        file: `${worker}/owned-run.ts`,
        of: `if (activities.takeAdrift(task.taskId) && asScheduled)`,
        into: `if (task.leaseOwner === workerId && (asScheduled || !activities.isRunning(task.taskId)))`,
      },
    ],
  },
  {
    bug: 'an old token completes the attempt that is under way now',
    cuts: [
      {
        file: `${client}/complete-activity.ts`,
        of: `if (task?.token !== named.token || task.namespace`,
        into: `if (!task || task.namespace`,
      },
    ],
  },
];
