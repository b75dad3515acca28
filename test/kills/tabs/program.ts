// The program of a tab: an engine on the store that its address names, and what the test may ask of it from outside.
import { createEngine, isPerdureError, type Engine } from '@perdure/core';
import type { RunRecord, StorageHandle } from '@perdure/core/storage';
import { indexedDb } from '@perdure/indexeddb';
import { firstValueFrom } from 'rxjs';
import { effect, workflows } from '../workflows.js';

const name = new URLSearchParams(location.search).get('store') ?? '';
const storage = indexedDb(name);
const reported: string[] = [];
const slept = { frozen: 0, inCache: 0 };
document.addEventListener('freeze', () => (slept.frozen += 1));
addEventListener('pageshow', ({ persisted }) => (slept.inCache += Number(persisted)));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const outside = effect.implement(async ({ ledger, what }, { idempotencyKey, info }) => {
  const line = JSON.stringify({ key: idempotencyKey, attempt: info.attempt, what });
  let answer = await fetch(ledger, { method: 'POST', body: line });
  while (answer.status === 202) {
    await pause(20);
    answer = await fetch(ledger);
  }
  if (answer.status !== 204) throw new Error(`The ledger answers ${answer.status}`);
  await pause(5);
  return what;
});

function report(_message: string, fields?: Readonly<Record<string, unknown>>): void {
  const { error, code } = (fields ?? {}) as { readonly error?: unknown; readonly code?: unknown };
  reported.push(String(isPerdureError(error) ? error.code : (code ?? error)));
}

function open(): Promise<Engine> {
  const logger = { debug: () => undefined, info: () => undefined, warn: report, error: report };
  return createEngine({ storage, workflows, activities: [outside], logger });
}

let engine = open();
let witness = storage.open();
// Told to whoever asks for something.
engine.catch(() => undefined);
witness.catch(() => undefined);

/** All runs there are, a page after the other. */
async function allRuns(store: StorageHandle): Promise<readonly RunRecord[]> {
  const all: RunRecord[] = [];
  for (;;) {
    const last = all.at(-1);
    const after = last === undefined ? null : { startedAt: last.startedAt, runId: last.runId };
    const page = await store.listRuns({ namespace: 'default' }, { after, limit: 200 });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('The database does not answer'));
  });

/** What the browser has of this store, read without Perdure. */
async function raw(): Promise<{ readonly inbox: unknown[]; readonly marks: IDBValidKey[] }> {
  const db = await answer(indexedDB.open(name));
  try {
    const tx = db.transaction([...db.objectStoreNames]);
    // All of it, so that nothing that cannot be read goes unseen.
    for (const name of db.objectStoreNames) await answer(tx.objectStore(name).getAll());
    const marks = tx.objectStore('live').index('marks');
    return {
      inbox: await answer(tx.objectStore('inbox').getAll()),
      marks: await answer(marks.getAllKeys()),
    };
  } finally {
    db.close();
  }
}

/** Takes all the room that this site still has on disk, to the last bytes, with noise, because the browser compresses. */
async function fill(): Promise<void> {
  const opening = indexedDB.open('noise');
  opening.onupgradeneeded = () => opening.result.createObjectStore('noise', { autoIncrement: true });
  const db = await answer(opening);
  const put = (bytes: Uint8Array): Promise<boolean> =>
    new Promise((resolve) => {
      const tx = db.transaction('noise', 'readwrite', { durability: 'relaxed' });
      tx.oncomplete = () => resolve(true);
      tx.onabort = () => resolve(false);
      tx.objectStore('noise').add(bytes);
    });
  for (let size = 65_536; size >= 64;) {
    if (!(await put(crypto.getRandomValues(new Uint8Array(size))))) size /= 2;
  }
  db.close();
}

const at = async (workflowId: string, runId?: string) => (await engine).handle(workflowId, runId);

const calls = {
  start: async (workflow: string, input: unknown, options: { id: string; requestId?: string }) =>
    (await (await engine).start(workflow, input, options)).runId,
  describe: async (workflowId: string, ofRun?: string) => {
    const { runId, status, state, blocked } = await (await at(workflowId, ofRun)).describe();
    return { runId, status, state, ...(blocked && { blocked }) };
  },
  signal: async (workflowId: string, name: string, value: unknown, options?: { id?: string }) =>
    (await at(workflowId)).signal(name, value, options),
  update: async (workflowId: string, name: string, value: unknown, options: { id: string }) =>
    (await at(workflowId)).update(name, value, options),
  cancel: async (workflowId: string) => (await at(workflowId)).cancel(),
  result: async (workflowId: string) => (await at(workflowId)).result(),
  history: async (workflowId: string, runId?: string) => {
    const seen: { readonly seq: number }[] = [];
    for await (const { seq } of (await at(workflowId, runId)).history$()) seen.push({ seq });
    return seen;
  },
  exportHistory: async (workflowId: string, runId?: string) => (await at(workflowId, runId)).exportHistory(),
  repair: async (workflowId: string, runId?: string) => (await at(workflowId, runId)).repair(),
  tasks: async (runId: string) => (await witness).readTasks(runId),
  inbox: async (runId: string) => (await witness).readInbox(runId, { afterPosition: 0, limit: 1 }),
  runs: async () =>
    (await allRuns(await witness)).map(({ runId, workflowId, status, seq, closedAt }) => ({
      ...{ runId, workflowId, status, seq, closedAt },
    })),
  raw,
  fill,
  /** What the worker does, what it has reported, and how often this page has slept. */
  about: async () => ({ ...(await firstValueFrom((await engine).worker.status$)), reported, ...slept }),
  /** Another engine and another handle in this page, in the place of those there are. */
  reopen: async () => {
    await (await engine).close({ grace: 0 });
    engine = open();
    witness = storage.open();
    await Promise.all([engine, witness]);
  },
};

export type Calls = typeof calls;
export interface Answer {
  readonly value?: unknown;
  readonly error?: { readonly message: string; readonly code?: string };
}

declare global {
  /** What a test asks of this page. Errors come as values, their codes with them. */
  var tab: (call: keyof Calls, args: readonly unknown[]) => Promise<Answer>;
}

globalThis.tab = async (call, args) => {
  try {
    return { value: await (calls[call] as (...given: readonly unknown[]) => unknown)(...args) };
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (!isPerdureError(error)) return { error: { message } };
    const { code, retryable, outcome } = error as { code: string; retryable?: boolean; outcome?: string };
    return { error: { message, ...{ code, retryable, outcome } } };
  }
};
