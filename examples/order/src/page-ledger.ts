import { linesOf, type Ledger, type Visit } from './ledger.js';

/** A ledger in a database of its own, shared by all tabs: each effect has one key, which can be added only once. */
export async function pageLedger(name: string): Promise<Ledger> {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('done', { keyPath: 'key' });
    opening.result.createObjectStore('visits', { autoIncrement: true });
  };
  const db = await answerOf(opening);
  return {
    async apply(request) {
      const tx = db.transaction(['done', 'visits'], 'readwrite', { durability: 'strict' });
      const known = await answerOf(tx.objectStore('done').getKey(request.key));
      const answer = known === undefined ? 'done' : 'was done';
      tx.objectStore('done').put(request);
      tx.objectStore('visits').add({ ...request, answer } satisfies Visit);
      await endOf(tx);
      return answer;
    },
    async read(orderId) {
      const visits = db.transaction('visits').objectStore('visits').getAll() as IDBRequest<Visit[]>;
      return linesOf(await answerOf(visits), orderId);
    },
  };
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function endOf(tx: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error);
  });
}
