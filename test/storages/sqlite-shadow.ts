import type { SuiteMode } from './mode.js';

export { openStorage } from './sqlite.js';

export const suiteMode: SuiteMode = { shadowReplay: true };
