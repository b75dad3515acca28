import type { Storage } from '@perdure/core/storage';
import { indexedDb } from '@perdure/indexeddb';
import type { StorageFixture } from '@perdure/testing';

const names = new WeakMap<Storage, string>();

function opened(name: string): Storage {
  const storage = indexedDb(name);
  names.set(storage, name);
  return storage;
}

const nameOf = (storage: Storage): string => names.get(storage) ?? '';

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The same in Node on fake-indexeddb and in a browser; `name` says which, and `unique` makes a name for a database. */
export function indexedDbFixture(name: string, unique: () => string): StorageFixture {
  return {
    name,
    create: () => opened(unique()),
    dispose: (storage) => {
      indexedDB.deleteDatabase(nameOf(storage));
    },
    reopen: (storage) => opened(nameOf(storage)),
    second: (storage) => opened(nameOf(storage)),
    newer: async (storage) => {
      const current = await settled(indexedDB.open(nameOf(storage)));
      const { version } = current;
      current.close();
      (await settled(indexedDB.open(nameOf(storage), version + 100))).close();
      return storage;
    },
    foreign: async () => {
      const other = unique();
      const request = indexedDB.open(other, 1);
      request.onupgradeneeded = () => request.result.createObjectStore('something else');
      (await settled(request)).close();
      return opened(other);
    },
    lose: async (storage) => {
      await settled(indexedDB.deleteDatabase(nameOf(storage)));
    },
    without: {
      crash: 'a tab cannot be ended from inside; tested with real tabs',
      corrupt: 'the browser keeps its files to itself',
      readOnly: 'the browser has no such databases',
      busy: 'transactions queue, they do not refuse',
      full: 'the quota cannot be set from inside',
    },
  };
}
