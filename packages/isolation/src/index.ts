/** `@perdure/isolation`: activities in processes of their own. Node only. */
export { createIsolation, type Isolation, type IsolationOptions } from './isolation.js';
export { ProcessLostError } from './process-lost-error.js';
