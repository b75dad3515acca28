import { settle } from './commit.js';
import type { StoreName } from './schema.js';
import { Writing, type Progress, type Session } from './session.js';
import { View } from './view.js';
import { writeAll } from './write.js';

export const taskStores: readonly StoreName[] = ['live', 'steps', 'chunks'];

/** A write transaction that finds out by itself which runs and tasks it is about. */
export async function transact<T>(
  session: Session,
  progress: Progress,
  stores: readonly StoreName[],
  work: (writing: Writing, view: View) => Promise<T>,
): Promise<{ readonly result: T; readonly view: View }> {
  let writing: Writing | undefined;
  try {
    const view = new View();
    writing = new Writing(session, stores);
    const result = await work(writing, view);
    writeAll(writing, view, session.journals);
    await writing.commit(progress);
    settle(view, session.journals);
    return { result, view };
  } catch (error) {
    writing?.abort();
    throw error;
  }
}
