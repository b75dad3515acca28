import type { StorageHandle, Write } from '@perdure/core/storage';
import { holds } from '../check.js';
import { newMessage, putMessage } from '../make.js';
import { inboxOf } from '../steps.js';

/** What the cases about inboxes share. */

export const bodies = async (store: StorageHandle, runId: string): Promise<readonly string[]> =>
  (await inboxOf(store, runId)).map(({ body }) => body);

export const positions = async (store: StorageHandle, runId: string): Promise<readonly number[]> =>
  (await inboxOf(store, runId)).map(({ position }) => position);

export const put = (runId: string, ...ids: readonly string[]): readonly Write[] =>
  ids.map((id) => putMessage(newMessage(runId, id)));

export function grow(numbers: readonly number[], about: string): void {
  const fine = numbers.every((number, at) => Number.isSafeInteger(number) && number > (numbers[at - 1] ?? 0));
  holds(fine, `${about} must be integers above 0 that grow`, numbers);
}
