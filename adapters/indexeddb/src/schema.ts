import type { DBSchema, IDBPDatabase, IDBPTransaction } from 'idb';
import type { KeyRecord, MessageRecord, RunId, WorkerId } from '@perdure/core/storage';
import type { Chunk, Live, Step } from './layout.js';

/** Version of the layout below; a change adds a step to `upgrade`. Stores only go forward. */
export const schemaVersion = 1;

export interface Schema extends DBSchema {
  /** `floor`: the newest position given to a message whose run was not there. */
  meta: { key: 'store' | 'floor'; value: Meta | number };
  live: {
    /** What is of a run is under its id, a task of its own under `[home, taskId]`. */
    key: RunId | [string, string];
    value: Live;
    indexes: {
      marks: string;
      started: [string, number, string];
      workflow: [string, string, number, string];
      status: [string, string, number, string];
      stray: string;
    };
  };
  steps: { key: string; value: Step };
  chunks: { key: string; value: Chunk };
  inbox: {
    key: [string, number];
    value: MessageRecord;
    indexes: { identity: [string, string, string] };
  };
  keys: { key: [string, string]; value: KeyRecord; indexes: { run: string } };
  workers: { key: WorkerId; value: WorkerId };
}

export interface Meta {
  readonly app: 'perdure';
  readonly schema: number;
  readonly instanceId: string;
  readonly createdAt: number;
}

export type StoreName = 'meta' | 'live' | 'steps' | 'chunks' | 'inbox' | 'keys' | 'workers';
export type Database = IDBPDatabase<Schema>;
export type WriteTx = IDBPTransaction<Schema, StoreName[], 'readwrite'>;
export type ReadTx = IDBPTransaction<Schema, StoreName[]>;
export type AnyTx = ReadTx | WriteTx;

/** In alphabetical order, as `objectStoreNames` gives them. */
export const storeNames: readonly StoreName[] = [
  'chunks',
  'inbox',
  'keys',
  'live',
  'meta',
  'steps',
  'workers',
];

/** Makes the stores of a new database. */
export function createStores(db: Database): void {
  db.createObjectStore('meta');
  const live = db.createObjectStore('live');
  live.createIndex('marks', 'marks', { multiEntry: true });
  live.createIndex('started', ['namespace', 'startedAt', 'runId']);
  live.createIndex('workflow', ['namespace', 'workflowId', 'startedAt', 'runId']);
  live.createIndex('status', ['namespace', 'status', 'startedAt', 'runId']);
  live.createIndex('stray', 'stray');
  db.createObjectStore('steps');
  db.createObjectStore('chunks');
  db.createObjectStore('inbox', { keyPath: ['runId', 'position'] }).createIndex(
    'identity',
    ['runId', 'kind', 'messageId'],
    { unique: true },
  );
  db.createObjectStore('keys', { keyPath: ['namespace', 'key'] }).createIndex('run', 'runId');
  db.createObjectStore('workers');
}
