import type { BufferedSignal } from './waits.js';

export type MessageHandler = (argument: unknown) => unknown;

/** The mailbox as workflow code reaches it. */
export interface BufferedSignals {
  readonly queries: Map<string, MessageHandler>;
  handle(name: string, handler: MessageHandler): void;
  /** Takes the oldest buffered signal of a name. */
  takeBuffered(name: string): BufferedSignal | undefined;
}
