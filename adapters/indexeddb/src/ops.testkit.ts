import { vi } from 'vitest';

/** Counts what is asked of IndexedDB while `work` runs. */
export async function operations(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const count: Record<string, number> = {};
  const spies = [
    ...(['put', 'add', 'delete', 'get', 'getAll', 'openCursor', 'openKeyCursor'] as const).map((name) =>
      vi.spyOn(IDBObjectStore.prototype, name),
    ),
    ...(['getAll', 'openCursor', 'openKeyCursor', 'getKey'] as const).map((name) =>
      vi.spyOn(IDBIndex.prototype, name),
    ),
    vi.spyOn(IDBDatabase.prototype, 'transaction'),
  ];
  try {
    await work();
    for (const spy of spies) {
      const name = spy.getMockName();
      if (spy.mock.calls.length > 0) count[name] = (count[name] ?? 0) + spy.mock.calls.length;
    }
    return count;
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
