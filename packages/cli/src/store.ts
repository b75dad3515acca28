import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createClient, type Client, type Logger, type WorkflowHandle } from '@perdure/core';
import { sqlite } from '@perdure/sqlite';
import type { Option, Options } from './option.js';
import { misused, Refusal } from './refusal.js';
import { stderrLogger } from './stderr-logger.js';

/** Options of every command that looks into a store. */
export const storeOptions = {
  store: {
    type: 'string',
    value: 'FILE',
    help: 'The SQLite store. Default: PERDURE_STORE, else ./perdure.sqlite.',
  },
  namespace: { type: 'string', value: 'NAME', help: 'Whose workflows. Default: default.' },
} as const satisfies Options;

/** Option of every command that shows something. */
export const jsonOption = { type: 'boolean', help: 'Prints JSON.' } as const satisfies Option;

/** Option of every command about one run. */
export const runOption = {
  type: 'string',
  value: 'RUN_ID',
  help: 'One run of the workflow. Default: the current one.',
} as const satisfies Option;

export interface StoreValues {
  readonly store?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Where the store is, whether it is there or not. */
function storePath({ store }: StoreValues): string {
  const path = store ?? process.env['PERDURE_STORE'] ?? 'perdure.sqlite';
  if (path.trim() === '' || path === ':memory:') throw misused(`--store must be a file, and is '${path}'`);
  return resolve(path);
}

/** Where the store is. Throws a refusal where there is none, so that asking never makes one. */
export function existingStore(values: StoreValues): string {
  const path = storePath(values);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return path;
  throw new Refusal(
    `There is no store at ${path}: name it with --store or PERDURE_STORE, or make one with perdure worker or perdure start`,
  );
}

/** Where a store is, or may be made. */
export function storeToBe(values: StoreValues): string {
  const path = storePath(values);
  if (existsSync(dirname(path))) return path;
  throw new Refusal(`The store cannot be at ${path}: there is no folder ${dirname(path)}`);
}

/** Opens a client for as long as `work` takes. */
export async function withClient<T>(
  values: StoreValues,
  work: (client: Client) => Promise<T>,
  { path = existingStore(values), logger = stderrLogger }: { path?: string; logger?: Logger } = {},
): Promise<T> {
  const { namespace } = values;
  const client = await createClient({
    storage: sqlite(path),
    logger,
    ...(namespace !== undefined && { namespace }),
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** A handle of the run that is named, or of the current one. */
export function handleOf(client: Client, workflowId: string, runId: string | undefined): WorkflowHandle {
  return client.handle(workflowId, runId);
}
