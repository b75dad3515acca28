import { NonRetryableError, createEngine, defineActivity, defineWorkflow } from '@perdure/core';
import { memory } from '@perdure/memory';

/**
 * A process of its own whose workflow looks at a failure late; with `application`, it forgets a rejection itself; with
 * `foreign`, workflows go on outside of their turn.
 */
const failing = defineActivity('failing', (): never => {
  throw new NonRetryableError('early');
});
const late = defineWorkflow('late', async (ctx) => {
  const helper = async (): Promise<void> => {
    try {
      await ctx.runActivity(failing);
    } catch (cause) {
      throw new Error('wrapped', { cause });
    }
  };
  const later = helper();
  const own = (async () => {
    await ctx.sleep(10);
    throw new TypeError('a mistake of the helper');
  })();
  const never = ctx.runActivity(failing).then(() => 'nobody looks at this');
  await ctx.sleep(50);
  const error: unknown = await later.catch((reason: unknown) => reason);
  return [(error as Error).message, await own.catch(String), never instanceof Promise];
});

const foreign = defineWorkflow('foreign', async (ctx) => {
  const outside = ctx.sleep(1).then(() => new Promise((resolve) => setTimeout(resolve, 5)));
  const { key } = await ctx.race({ outside, slow: ctx.sleep(100_000) });
  return key;
});
const timer = defineWorkflow('timer', async (ctx) => {
  setTimeout(() => ctx.setState('too late'), 5);
  await ctx.waitSignal('never');
});

const silent = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 };

const engine = await createEngine({
  storage: memory(),
  workflows: [late, foreign, timer],
  activities: [failing],
  logger: silent,
});
console.log(JSON.stringify(await engine.execute(late)));
await new Promise((resolve) => setTimeout(resolve, 10));
if (process.argv[2] === 'application') void Promise.reject(new Error('forgotten'));
await new Promise((resolve) => setTimeout(resolve, 10));
if (process.argv[2] === 'foreign') {
  for (const { name } of [foreign, timer]) {
    const handle = await engine.start(name);
    while ((await handle.describe()).status !== 'blocked') await new Promise((next) => setTimeout(next, 5));
    console.log((await handle.describe()).blocked?.code);
  }
}
if (process.argv[2] === 'caller') void engine.execute('unknown');
await new Promise((resolve) => setTimeout(resolve, 10));
console.log('alive');
await engine.close();
