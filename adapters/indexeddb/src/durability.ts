/** `strict` survives a power cut, `relaxed` the death of the tab or the browser. */
export type Durability = 'strict' | 'relaxed';
