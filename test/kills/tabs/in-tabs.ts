import type { ClientInReach, Insides, RunInReach } from '../reach.js';
import type { Browser } from './browser.js';
import type { Calls } from './program.js';
import { Gone } from './tab.js';

/** Asks any tab; the same again of another one where that tab is gone. So everything asked for has an id. */
async function ask<C extends keyof Calls>(
  browser: Browser,
  call: C,
  ...args: Parameters<Calls[C]>
): Promise<Awaited<ReturnType<Calls[C]>>> {
  for (;;) {
    const tab = await browser.anyTab();
    try {
      return await tab.ask(call, ...args);
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
    }
  }
}

/** The engines in the tabs as one client: whichever tab is there answers. */
export function clientIn(browser: Browser): ClientInReach {
  const handle = (workflowId: string, runId?: string): RunInReach => ({
    workflowId,
    describe: () => ask(browser, 'describe', workflowId, runId),
    signal: (name, value, options) => ask(browser, 'signal', workflowId, name, value, options),
    update: (name, value, options) => ask(browser, 'update', workflowId, name, value, options),
    cancel: () => ask(browser, 'cancel', workflowId),
    result: () => ask(browser, 'result', workflowId),
    async *history$() {
      yield* await ask(browser, 'history', workflowId, runId);
    },
    exportHistory: () => ask(browser, 'exportHistory', workflowId, runId),
    repair: () => ask(browser, 'repair', workflowId, runId),
  });
  return {
    handle,
    start: async (workflow, input, options) => {
      // A start whose answer was lost is recognised by its request.
      await ask(browser, 'start', workflow, input, { requestId: options.id, ...options });
      return handle(options.id);
    },
  };
}

/** The store of the tabs. */
export function insidesOf(browser: Browser): Insides {
  const seen = new Set<string>();
  return {
    check: async () => {
      await ask(browser, 'raw');
    },
    newRuns: async () => {
      const fresh = (await ask(browser, 'runs')).filter(({ runId }) => !seen.has(runId));
      for (const { runId } of fresh) seen.add(runId);
      return fresh;
    },
    readTasks: (runId) => ask(browser, 'tasks', runId),
    readInbox: (runId) => ask(browser, 'inbox', runId),
    leftovers: async () => ({ ...(await ask(browser, 'raw')) }),
    progress: async () =>
      JSON.stringify((await ask(browser, 'runs')).map(({ runId, status, seq }) => [runId, status, seq])),
    told: async () => {
      const runs = (await ask(browser, 'runs')).filter(({ closedAt }) => closedAt === null);
      const tasks = await Promise.all(runs.map(({ runId }) => ask(browser, 'tasks', runId)));
      return JSON.stringify({ runs, tasks, ...(await ask(browser, 'raw')) }, null, 1);
    },
  };
}
