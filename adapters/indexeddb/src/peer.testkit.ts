import type { Order } from './peer.worker.testkit.js';

/** A dedicated worker with a handle of its own. */
export class Peer {
  readonly #worker = new Worker(new URL('./peer.worker.testkit.ts', import.meta.url), { type: 'module' });

  tell(order: Order): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }: MessageEvent<{ readonly value?: unknown; readonly error?: string }>) => {
        if (data.error === undefined) resolve(data.value);
        else reject(new Error(data.error));
      };
      this.#worker.onerror = ({ message }) => {
        reject(new Error(message));
      };
      this.#worker.postMessage(order, [port2]);
    });
  }

  /** As when its tab crashes. */
  terminate(): void {
    this.#worker.terminate();
  }
}
