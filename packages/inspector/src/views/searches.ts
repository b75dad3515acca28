import type { Board } from '../board.js';
import { choice, field, moment } from '../dom.js';
import type { ActivitiesFilter, ActivityRow, EventRow, EventsFilter, RunKey } from '../source.js';
import { activityCells, text } from './detail-view.js';
import { FindingsView, owner } from './findings-view.js';

const states = ['scheduled', 'started', 'backing_off', 'completed', 'failed', 'timed_out', 'cancelled'];

type Opens = (run: RunKey) => void;

export function activitiesView(board: Board, open: Opens): FindingsView<ActivityRow, ActivitiesFilter> {
  return new FindingsView<ActivityRow, ActivitiesFilter>(board, {
    title: 'Activities',
    header: ['Workflow', 'Activity', 'State', 'Attempt', 'At', 'About'],
    fields: [field('Contains', 'search', { type: 'search' }), choice('State', 'state', states)],
    filter: (value) => ({ search: value('search'), state: value('state') }),
    find: (filter) => board.source.activities(filter),
    key: ({ runId, activityId }) => `${runId} ${activityId}`,
    cells: (row) => [owner(row, open), ...activityCells(row)],
  });
}

export function eventsView(board: Board, open: Opens): FindingsView<EventRow, EventsFilter> {
  return new FindingsView<EventRow, EventsFilter>(board, {
    title: 'Events',
    header: ['Workflow', '#', 'At', 'Event', 'About'],
    fields: [
      field('Contains', 'search', { type: 'search' }),
      field('Event', 'type', { placeholder: 'ActivityFailed' }),
    ],
    filter: (value) => ({ search: value('search'), type: value('type') }),
    find: (filter) => board.source.events(filter),
    key: ({ runId, seq }) => `${runId} ${seq}`,
    cells: (row) => [owner(row, open), String(row.seq), moment(row.at), row.type, text(row.about)],
  });
}
