/** `@perdure/indexeddb`: a store in the browser. */
export { indexedDb, type Durability, type IndexedDbOptions } from './indexed-db.js';
