/** `@perdure/inspector`: one custom element, and where it gets what it shows. */
export { defineInspector, type PerdureInspector } from './element.js';
export { startPage } from './page.js';
export * from './sources.js';
