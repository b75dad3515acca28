/** `@perdure/inspector/sources`: where the inspector gets what it shows, without the element. Needs no document. */
export { bundleSource } from './bundle-source.js';
export { clientSource, type ClientSourceOptions } from './client/client-source.js';
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
