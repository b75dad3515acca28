import type { MessageRecord, NewMessage, RunId } from '@perdure/core/storage';

interface Inbox {
  messages: MessageRecord[];
  readonly ids: Set<string>;
}

/** Messages by run. Positions are counted over the whole store, so that none comes twice even after a purge. */
export class Inboxes {
  readonly #inboxes = new Map<RunId, Inbox>();
  #position = 0;

  put(message: NewMessage): void {
    let inbox = this.#inboxes.get(message.runId);
    if (inbox === undefined) this.#inboxes.set(message.runId, (inbox = { messages: [], ids: new Set() }));
    const id = identity(message);
    if (inbox.ids.has(id)) return;
    inbox.ids.add(id);
    inbox.messages.push({ ...message, position: ++this.#position });
  }

  drop(runId: RunId, through: number): void {
    const inbox = this.#inboxes.get(runId);
    if (inbox === undefined) return;
    for (const message of inbox.messages)
      if (message.position <= through) inbox.ids.delete(identity(message));
    inbox.messages = inbox.messages.filter(({ position }) => position > through);
  }

  all(runId: RunId): readonly MessageRecord[] {
    return this.#inboxes.get(runId)?.messages.slice() ?? [];
  }

  read(runId: RunId, after: number, limit: number): readonly MessageRecord[] {
    const messages = this.#inboxes.get(runId)?.messages ?? [];
    const from = messages.findIndex(({ position }) => position > after);
    return from < 0 ? [] : messages.slice(from, from + limit);
  }

  lastPosition(runId: RunId): number {
    return this.#inboxes.get(runId)?.messages.at(-1)?.position ?? 0;
  }

  purge(runId: RunId): void {
    this.#inboxes.delete(runId);
  }
}

/** No string of the port holds U+0000. */
function identity({ kind, messageId }: NewMessage): string {
  return `${kind}\0${messageId}`;
}
