import { NEVER, type ClaimRequest, type StorageHandle, type TaskRecord } from '@perdure/core/storage';
import { bug, writes, type Bug } from './bug.testkit.js';

/** Claims with another request, or another answer. */
const onClaim =
  (claim: (request: ClaimRequest, handle: StorageHandle) => Promise<readonly TaskRecord[]>) => () => {
    return (handle: StorageHandle) => ({ claim: (request: ClaimRequest) => claim(request, handle) });
  };

const wanting = (change: (want: ClaimRequest['wants'][number]) => ClaimRequest['wants'][number]) =>
  onClaim((request, handle) => handle.claim({ ...request, wants: request.wants.map(change) }));

export const claimBugs: readonly Bug[] = [
  bug(
    'C1',
    'a claim ignores its limit',
    wanting((want) => ({ ...want, limit: want.limit + 1_000 })),
  ),
  bug(
    'C1',
    'a claim with limit 0 has none',
    wanting((want) => ({ ...want, limit: want.limit === 0 ? 1_000 : want.limit })),
  ),
  bug(
    'C1',
    'types empty mean any',
    wanting((want) => ({ ...want, types: want.types?.length === 0 ? null : want.types })),
  ),
  bug(
    'C1',
    'only the first queue is looked at',
    wanting((want) => ({ ...want, queues: want.queues.slice(0, 1) })),
  ),
  bug(
    'C1',
    'tasks come in the order of their ids',
    onClaim(async (request, handle) =>
      [...(await handle.claim(request))].sort((a, b) => (a.taskId < b.taskId ? -1 : 1)),
    ),
  ),
  bug(
    'C1',
    'tasks come want by want',
    onClaim(async (request, handle) => {
      const claimed: TaskRecord[] = [];
      for (const want of request.wants) claimed.push(...(await handle.claim({ ...request, wants: [want] })));
      return claimed;
    }),
  ),
  bug(
    'C1',
    'a task is due a millisecond after its moment',
    onClaim((request, handle) =>
      handle.claim({
        ...request,
        now: request.now - 1,
        wants: request.wants.map((want) => ({ ...want, leaseMs: want.leaseMs + 1 })),
      }),
    ),
  ),
  bug(
    'C1',
    'any build takes any task',
    onClaim(async (request, handle) => {
      const builds = new Set([request.buildId, 'b1', 'b2', 'other', 'null', '']);
      const claimed: TaskRecord[] = [];
      for (const buildId of builds) claimed.push(...(await handle.claim({ ...request, buildId })));
      return claimed;
    }),
  ),
  bug('C1', 'two claims at once get the same tasks', () => {
    let underWay: Promise<readonly TaskRecord[]> | undefined;
    return (handle) => ({
      claim: (request) => {
        const claim = (underWay ??= handle.claim(request));
        void claim.finally(() => (underWay = undefined));
        return claim;
      },
    });
  }),
  bug('C1', 'a release frees the leases of every worker', () => (handle) => ({
    releaseLeases: async (owner) => {
      const others = await Promise.all(
        ['w0', 'w1', 'w2', 'w3', 'W1'].map((one) => handle.releaseLeases(one)),
      );
      return others.reduce((sum, count) => sum + count, await handle.releaseLeases(owner));
    },
  })),
  bug('C2', 'a release sets the token back', () => (handle) => {
    const mine = new Map<string, string>();
    return {
      claim: async (request) => {
        const tasks = await handle.claim(request);
        for (const { taskId } of tasks) mine.set(taskId, request.owner);
        return tasks;
      },
      releaseLeases: async (owner) => {
        const count = await handle.releaseLeases(owner);
        for (const taskId of [...mine].flatMap(([id, by]) => (by === owner ? [id] : []))) {
          const task = await handle.readTask(taskId);
          if (task)
            await handle.commit([
              { expect: [], writes: [{ kind: 'put-task', task: { ...task, token: 0 } }] },
            ]);
        }
        return count;
      },
    };
  }),
  bug(
    'C2',
    'attempts are not counted',
    onClaim(async (request, handle) =>
      (await handle.claim(request)).map((task) => ({ ...task, attempt: 1 })),
    ),
  ),
  bug('C3', 'a lease is measured by the latest clock that was seen', () => {
    let latest = 0;
    return (handle) => ({
      claim: (request) => {
        latest = Math.max(latest, request.now);
        return handle.claim({ ...request, now: latest });
      },
    });
  }),
  bug(
    'W1',
    'waking makes a task visible later too',
    writes(async (write, handle) => {
      const task = write.kind === 'wake-task' ? await handle.readTask(write.taskId) : undefined;
      if (write.kind !== 'wake-task' || task === undefined) return [write];
      return [{ kind: 'put-task', task: { ...task, visibleAt: write.at } }];
    }),
  ),
  bug(
    'C2',
    'waking ends the lease',
    writes(async (write, handle) => {
      const task = write.kind === 'wake-task' ? await handle.readTask(write.taskId) : undefined;
      if (write.kind !== 'wake-task' || task === undefined) return [write];
      const free = { ...task, leaseOwner: null, leaseUntil: 0 };
      return [{ kind: 'put-task', task: free }, write];
    }),
  ),
  bug('W1', 'the next moment is told too late', () => (handle) => ({
    nextWakeAt: async (request) => {
      const at = await handle.nextWakeAt(request);
      return at === null ? null : at + 1;
    },
  })),
  bug('W1', 'a task at moment 0 is taken for none', () => (handle) => ({
    nextWakeAt: async (request) => ((await handle.nextWakeAt(request)) ?? 0) || null,
  })),
  bug('W1', 'nothing to wait for is told as a moment that never comes', () => (handle) => ({
    nextWakeAt: async (request) => (await handle.nextWakeAt(request)) ?? NEVER,
  })),
  bug('W1', 'the next moment is always now, and so the engine never sleeps', () => (handle) => ({
    nextWakeAt: async (request) => ((await handle.nextWakeAt(request)) === null ? null : 0),
  })),
  bug('W1', 'only the first want is looked at', () => (handle) => ({
    nextWakeAt: (request) => handle.nextWakeAt({ ...request, wants: request.wants.slice(0, 1) }),
  })),
];
