/** `@perdure/inspector`: one custom element, and where it gets what it shows. */
export { bundleSource } from './bundle-source.js';
export { clientSource, type ClientSourceOptions } from './client/client-source.js';
export { defineInspector, type PerdureInspector } from './element.js';
export { httpSource } from './http-source.js';
export { startPage } from './page.js';
export type {
  ActivitiesFilter,
  ActivityRow,
  BulkOutcome,
  EventRow,
  EventsFilter,
  EventsPage,
  Findings,
  InspectorAbout,
  InspectorSource,
  RowsPage,
  RunDetail,
  RunKey,
  RunRow,
  RunsFilter,
  StartRequest,
  Watched,
} from './source.js';
