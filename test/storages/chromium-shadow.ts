import type { SuiteMode } from './mode.js';

export { openStorage } from './chromium.js';

export const suiteMode: SuiteMode = { shadowReplay: true };
