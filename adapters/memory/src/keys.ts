import type { KeyRecord, Namespace, RunId } from '@perdure/core/storage';

/** Unique names by namespace, and by the run they go with. */
export class Keys {
  readonly #namespaces = new Map<Namespace, Map<string, KeyRecord>>();
  readonly #runs = new Map<RunId, Set<KeyRecord>>();

  get(namespace: Namespace, key: string): KeyRecord | undefined {
    return this.#namespaces.get(namespace)?.get(key);
  }

  put(record: KeyRecord): void {
    const before = this.get(record.namespace, record.key);
    if (before !== undefined) this.#runs.get(before.runId)?.delete(before);
    const keys = this.#namespaces.get(record.namespace);
    if (keys === undefined) this.#namespaces.set(record.namespace, new Map([[record.key, record]]));
    else keys.set(record.key, record);
    const ofRun = this.#runs.get(record.runId);
    if (ofRun === undefined) this.#runs.set(record.runId, new Set([record]));
    else ofRun.add(record);
  }

  drop(namespace: Namespace, key: string): void {
    const record = this.get(namespace, key);
    if (record === undefined) return;
    this.#namespaces.get(namespace)?.delete(key);
    this.#runs.get(record.runId)?.delete(record);
  }

  purge(runId: RunId): void {
    for (const { namespace, key } of this.#runs.get(runId) ?? []) this.drop(namespace, key);
    this.#runs.delete(runId);
  }
}
