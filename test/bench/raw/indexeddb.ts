/** Transactions a second of one put each, by the browser alone, one after the other. */
export async function rawIndexedDb(
  name: string,
  durability: 'strict' | 'relaxed',
  commits: number,
): Promise<number> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore('events');
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error);
    };
  });
  const body = {
    seq: 1,
    type: 'ActivityCompleted',
    at: Date.now(),
    activityId: 'a1',
    attempt: 1,
    result: { codec: 'json', data: 1 },
  };
  const began = performance.now();
  for (let seq = 1; seq <= commits; seq++) {
    await new Promise<void>((resolve, reject) => {
      const transaction = db.transaction('events', 'readwrite', { durability });
      transaction.objectStore('events').put(body, seq);
      transaction.oncomplete = () => {
        resolve();
      };
      transaction.onabort = () => {
        reject(transaction.error);
      };
      transaction.commit();
    });
  }
  const seconds = (performance.now() - began) / 1_000;
  db.close();
  return commits / seconds;
}
