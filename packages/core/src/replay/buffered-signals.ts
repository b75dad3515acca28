import type { BufferedSignal } from './waits.js';

export type MessageHandler = (argument: unknown) => unknown;

/** The handlers of updates as workflow code reaches them. */
export interface UpdateHandlers {
  /** Accepted updates whose handlers have not ended. */
  readonly unfinished: ReadonlyMap<string, unknown>;
  handle(name: string, handler: MessageHandler, validate: MessageHandler | undefined): void;
}

/** The mailbox as workflow code reaches it. */
export interface BufferedSignals {
  readonly queries: Map<string, MessageHandler>;
  handle(name: string, handler: MessageHandler): void;
  /** Takes the oldest buffered signal of a name. */
  takeBuffered(name: string): BufferedSignal | undefined;
}
