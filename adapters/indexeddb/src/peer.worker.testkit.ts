import type { Batch, StorageHandle } from '@perdure/core/storage';
import { indexedDb } from './indexed-db.js';

/** Another context with a handle of its own: it does what the page tells it, and says when it is done. */
export type Order =
  | { readonly do: 'open'; readonly name: string }
  | { readonly do: 'join' | 'leave'; readonly worker: string }
  | { readonly do: 'commit'; readonly batches: readonly Batch[] }
  | { readonly do: 'close' };

let handle: StorageHandle | undefined;

async function follow(order: Order): Promise<unknown> {
  if (order.do === 'open') {
    handle = await indexedDb(order.name).open();
    return handle.traits;
  }
  if (handle === undefined) throw new Error('Not open');
  switch (order.do) {
    case 'join':
      return handle.join(order.worker);
    case 'leave':
      return handle.leave(order.worker);
    case 'commit':
      return handle.commit(order.batches);
    case 'close':
      return handle.close();
  }
}

onmessage = ({ data, ports: [port] }: MessageEvent<Order>) => {
  follow(data).then(
    (value) => port?.postMessage({ value }),
    (error: unknown) => port?.postMessage({ error: String(error) }),
  );
};
