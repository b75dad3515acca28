import type { SuiteMode } from './mode.js';

export { openStorage } from './memory.js';

export const suiteMode: SuiteMode = { alwaysEvict: true };
