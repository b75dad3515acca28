import { portDrain } from './drain.js';
import { drainCases } from './drain-cases.testkit.js';
import { hostPlatform, type Platform } from './platform.js';

const drain = portDrain(hostPlatform, hostPlatform.newChannel as NonNullable<Platform['newChannel']>);
const failures: string[] = [];
let ran = 0;
for (const [name, run] of Object.entries(drainCases)) {
  await run(drain).catch((error: unknown) => {
    failures.push(`${name}: ${String(error)}`);
  });
  ran += 1;
}
postMessage({ failures, ran });
