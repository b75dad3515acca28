import { expect, test } from 'vitest';
import type { Expectation, Write } from './port.js';
import { refusalOf, type BatchFacts } from './refusal.js';
import type { NewRun, RunChanges } from './records.js';

const changes = (closedAt: number | null): RunChanges => ({
  status: closedAt === null ? 'running' : 'completed',
  isCurrent: true,
  buildId: null,
  closedAt,
  progressAt: 0,
  body: '',
});
const newRun = (runId: string): NewRun => ({
  namespace: 'default',
  runId,
  workflowId: 'w',
  runNumber: 1,
  workflowType: 'T',
  taskQueue: 'q',
  startedAt: 0,
  start: '',
  attributes: '{}',
  archivedAt: null,
  ...changes(null),
});

/** A store with an open run of three events, a closed one, a task, a key and a message. */
const facts: BatchFacts = {
  head: (runId) => ({ open: { seq: 3, closedAt: null }, closed: { seq: 2, closedAt: 9 } })[runId as string],
  token: (taskId) => (taskId === 'task' ? 4 : undefined),
  keyValue: (namespace, key) => (namespace === 'default' && key === 'key' ? 'value' : null),
  lastPosition: (runId) => (runId === 'open' ? 7 : 0),
};

const holding: readonly Expectation[] = [
  { kind: 'run-open', runId: 'open' },
  { kind: 'run-at', runId: 'open', seq: 3 },
  { kind: 'run-at', runId: 'closed', seq: 2 },
  { kind: 'token', taskId: 'task', token: 4 },
  { kind: 'key', namespace: 'default', key: 'key', value: 'value' },
  { kind: 'key', namespace: 'other', key: 'key', value: null },
  { kind: 'inbox-read', runId: 'open', through: 7 },
  { kind: 'inbox-read', runId: 'unknown', through: 0 },
];
const broken: readonly Expectation[] = [
  { kind: 'run-open', runId: 'closed' },
  { kind: 'run-open', runId: 'unknown' },
  { kind: 'run-at', runId: 'open', seq: 2 },
  { kind: 'run-at', runId: 'unknown', seq: 0 },
  { kind: 'token', taskId: 'task', token: 3 },
  { kind: 'token', taskId: 'unknown', token: 0 },
  { kind: 'key', namespace: 'default', key: 'key', value: null },
  { kind: 'key', namespace: 'default', key: 'key', value: 'other' },
  { kind: 'key', namespace: 'other', key: 'key', value: 'value' },
  { kind: 'inbox-read', runId: 'open', through: 6 },
];

test('expectations that hold refuse nothing', () => {
  expect(refusalOf({ expect: holding, writes: [] }, facts)).toBeNull();
});

test.each(broken)('$kind that does not hold is named with its place %#', (expectation) => {
  const batch = { expect: [...holding, expectation], writes: [] };
  expect(refusalOf(batch, facts)).toEqual({ reason: expectation.kind, of: 'expect', index: holding.length });
});

const advance = (runId: string, fromSeq: number, closedAt: number | null = null): Write => ({
  kind: 'advance-run',
  runId,
  fromSeq,
  events: ['event'],
  changes: changes(closedAt),
});
const insert = (runId: string): Write => ({ kind: 'insert-run', run: newRun(runId), events: ['event'] });
const amend = (runId: string, closedAt: number | null): Write => ({
  kind: 'amend-run',
  runId,
  changes: changes(closedAt),
});
const purge = (runId: string): Write => ({ kind: 'purge-run', runId });
const bare: Write = { kind: 'advance-run', runId: 'open', fromSeq: 3, events: [] };

test.each<readonly [string, readonly Write[], string | null]>([
  ['an append at the head', [advance('open', 3)], null],
  ['A7 an append behind the head', [advance('open', 2)], 'run-moved'],
  ['A7 an append before the head', [advance('open', 4)], 'run-moved'],
  ['an append to a closed run, at whatever seq', [advance('closed', 1)], 'run-closed'],
  ['an append to an unknown run', [advance('unknown', 0)], 'run-unknown'],
  ['a run that exists', [insert('closed')], 'run-exists'],
  ['a change of an unknown run', [amend('unknown', null)], 'run-unknown'],
  ['a change of a closed run', [amend('closed', 9)], null],
  ['two appends one behind the other', [advance('open', 3), advance('open', 4)], null],
  ['two appends of the same seq', [advance('open', 3), advance('open', 3)], 'run-moved'],
  ['an append without changes leaves a run open', [bare, advance('open', 3)], null],
  ['an append behind the close', [advance('open', 3, 9), advance('open', 4)], 'run-closed'],
  ['an append behind an amendment that closes', [amend('open', 9), advance('open', 3)], 'run-closed'],
  ['an append behind an amendment that opens', [amend('closed', null), advance('closed', 2)], null],
  ['an append to the new run', [insert('new'), advance('new', 1)], null],
  ['a new run twice', [insert('new'), insert('new')], 'run-exists'],
  ['a new run in place of a purged one', [purge('open'), insert('open')], null],
  ['an append to a purged run', [purge('open'), advance('open', 3)], 'run-unknown'],
  ['a purge of an unknown run', [purge('unknown')], null],
])('%s', (_title, writes, reason) => {
  const refusal = refusalOf({ expect: [], writes }, facts);
  expect(refusal).toEqual(reason === null ? null : { reason, of: 'writes', index: writes.length - 1 });
});

test('an expectation is looked at before any write', () => {
  const batch = { expect: [{ kind: 'run-open', runId: 'closed' } as const], writes: [advance('unknown', 1)] };
  expect(refusalOf(batch, facts)).toEqual({ reason: 'run-open', of: 'expect', index: 0 });
});
