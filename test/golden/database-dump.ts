/** A database of IndexedDB as plain JSON, read and written by nothing but what every browser has. */
export interface DatabaseDump {
  readonly version: number;
  readonly stores: readonly StoreDump[];
}
interface StoreDump {
  readonly name: string;
  readonly keyPath: string | string[] | null;
  readonly indexes: readonly {
    readonly name: string;
    readonly keyPath: string | string[];
    readonly unique: boolean;
    readonly multiEntry: boolean;
  }[];
  readonly records: readonly (readonly [key: IDBValidKey, value: unknown])[];
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export async function dumpDatabase(name: string): Promise<DatabaseDump> {
  const database = await settled(indexedDB.open(name));
  const names = [...database.objectStoreNames];
  const transaction = database.transaction(names);
  const stores: StoreDump[] = [];
  for (const store of names.map((each) => transaction.objectStore(each))) {
    const keys = await settled(store.getAllKeys());
    const values: unknown[] = await settled(store.getAll());
    stores.push({
      name: store.name,
      keyPath: store.keyPath,
      indexes: [...store.indexNames].map((each) => {
        const { name: index, keyPath, unique, multiEntry } = store.index(each);
        return { name: index, keyPath, unique, multiEntry };
      }),
      records: keys.map((key, n) => [key, values[n]] as const),
    });
  }
  const { version } = database;
  database.close();
  return { version, stores };
}

export async function loadDatabase(name: string, { version, stores }: DatabaseDump): Promise<void> {
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => {
    for (const { name: storeName, keyPath, indexes, records } of stores) {
      const store = request.result.createObjectStore(storeName, keyPath === null ? {} : { keyPath });
      for (const { name: index, keyPath: path, unique, multiEntry } of indexes)
        store.createIndex(index, path, { unique, multiEntry });
      for (const [key, value] of records) {
        if (keyPath === null) store.add(value, key);
        else store.add(value);
      }
    }
  };
  (await settled(request)).close();
}
