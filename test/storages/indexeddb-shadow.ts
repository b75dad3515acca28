import type { SuiteMode } from './mode.js';

export { openStorage } from './indexeddb.js';

export const suiteMode: SuiteMode = { shadowReplay: true };
