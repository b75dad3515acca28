/** `@perdure/indexeddb`: a store in the browser. */
export type { Durability } from './durability.js';
export { indexedDb, type IndexedDbOptions } from './indexed-db.js';
