import {
  EngineClosedError,
  isPerdureError,
  type StandaloneActivities,
  type ActivityHandle,
  type Engine,
  type StartOptions,
  type StartUpdateOptions,
  type UpdateHandle,
  type UpdateOptions,
  type WaitOptions,
  type WorkflowHandle,
} from '@perdure/core';

/**
 * An engine, and handles from it, that outlive a crash: each call goes to the engine of the moment. A result, or an
 * update, that is awaited across a crash is awaited again from the next engine; other calls under way then reject with
 * `EngineClosedError`, since what became of them is not known.
 */
export function followEngine(
  current: () => Engine,
  crashing: () => Promise<void> | undefined,
): {
  engine<More extends object>(more: More): Engine & More;
  moved(): void;
} {
  const moved = new Set<() => void>();
  let updates = 0;
  const untilMoved = <T>(outcome: Promise<T>): Promise<T | typeof hasMoved> =>
    new Promise((resolve, reject) => {
      const tell = (): void => {
        resolve(hasMoved);
      };
      moved.add(tell);
      outcome.then(resolve, reject).finally(() => moved.delete(tell));
    });

  const acrossCrashes = async <T>(call: () => Promise<T>): Promise<T> => {
    for (;;) {
      const engine = current();
      try {
        const outcome = await untilMoved(call());
        if (outcome !== hasMoved) return outcome;
      } catch (error) {
        const crash = crashing();
        const crashed = crash !== undefined || current() !== engine;
        if (!crashed || !isPerdureError(error) || error.code !== 'engine_closed') throw error;
        await crash;
      }
    }
  };

  const untilCrash = async <T>(call: Promise<T>): Promise<T> => {
    const outcome = await untilMoved(call);
    if (outcome === hasMoved) throw new EngineClosedError();
    return outcome;
  };

  const bound = (member: unknown, owner: object): unknown => {
    if (typeof member !== 'function') return member;
    return (...args: unknown[]) => {
      const outcome: unknown = Reflect.apply(member, owner, args);
      return outcome instanceof Promise ? untilCrash(outcome) : outcome;
    };
  };

  /** A handle that `start` gave follows its chain; after a crash it is about the current run, and keeps its run id. */
  const followHandle = (
    handle: WorkflowHandle<any, any, any>,
    runId: string | undefined,
  ): WorkflowHandle<any, any, any> => {
    const now = (): WorkflowHandle<any, any, any> => current().handle(handle.workflowId, runId);
    const born = current();
    const alive = (): WorkflowHandle<any, any, any> => (current() === born ? handle : now());
    // An id makes a repeat after the crash harmless.
    const update = (name: string, argument?: unknown, options: UpdateOptions = {}): Promise<unknown> => {
      const id = options.id ?? `update-${++updates}`;
      return acrossCrashes(() => alive().update(name, argument as never, { ...options, id }));
    };
    const startUpdate = async (
      name: string,
      argument?: unknown,
      options: StartUpdateOptions = {},
    ): Promise<UpdateHandle> => {
      const id = options.id ?? `update-${++updates}`;
      const started = await acrossCrashes(() =>
        alive().startUpdate(name, argument as never, { ...options, id }),
      );
      return { ...started, result: (wait) => update(name, argument, { ...wait, id }) };
    };
    return new Proxy(handle, {
      get: (target, name) => {
        if (name === 'runId') return target.runId;
        if (name === 'result') return (options?: object) => acrossCrashes(() => alive().result(options));
        if (name === 'update') return update;
        if (name === 'startUpdate') return startUpdate;
        const live = alive();
        const member: unknown = Reflect.get(live, name, live);
        return bound(member, live);
      },
    });
  };

  const followActivity = (activityId: string): ActivityHandle => {
    const live = (): ActivityHandle => current().activities.handle(activityId);
    return new Proxy(live(), {
      get: (_, name) => {
        if (name === 'result') return (options?: WaitOptions) => acrossCrashes(() => live().result(options));
        const handle = live();
        return bound(Reflect.get(handle, name, handle), handle);
      },
    });
  };

  const followActivities = (activities: StandaloneActivities): StandaloneActivities =>
    new Proxy(activities, {
      get: (_, name) => {
        const live = current().activities;
        const member = bound(Reflect.get(live, name, live), live);
        if (name === 'handle') return followActivity;
        if (name === 'start') {
          const start = member as (...args: []) => Promise<ActivityHandle>;
          return async (...args: []) => followActivity((await start(...args)).activityId);
        }
        return member;
      },
    });

  return {
    moved: () => {
      for (const tell of moved) tell();
      moved.clear();
    },
    engine: (more) =>
      new Proxy(more, {
        has: (target, name) => name in target || name in current(),
        get: (target, name) => {
          if (name in target) return Reflect.get(target, name, target);
          const engine = current();
          const member: unknown = Reflect.get(engine, name, engine);
          if (name === 'activities') return followActivities(engine.activities);
          if (name === 'start' || name === 'signalWithStart') {
            const begin = bound(member, engine) as (...args: []) => Promise<WorkflowHandle>;
            return async (...args: []) => followHandle(await begin(...args), undefined);
          }
          if (name === 'handle')
            return (...args: []) => {
              const handle = engine.handle(...(args as unknown as [string]));
              return followHandle(handle, handle.runId);
            };
          if (name === 'execute')
            return async (workflow: string, input?: unknown, options?: StartOptions & WaitOptions) => {
              const { timeout, signal, ...start } = { ...options };
              signal?.throwIfAborted();
              const handle = await untilCrash(engine.start(workflow, input, options && start));
              const wait = { ...(timeout !== undefined && { timeout }), ...(signal && { signal }) };
              return followHandle(handle, undefined).result(wait) as Promise<unknown>;
            };
          return bound(member, engine);
        },
      }) as Engine & typeof more,
  };
}

const hasMoved = Symbol('moved');
