import { encodeValue } from '../codec/values.js';
import { readLimits } from '../codec/limits.js';
import type { WorkflowDescription } from '../runtime/client/description.js';
import type { Changes } from './changes.js';
import { newestOf, type LiveStream } from './live-stream.js';

/**
 * The answer now and whenever it changes. What a run does is a function of its history, so it is asked again only when
 * there are new events, or when it was blocked or left that state. Asking changes the run's tasks, not the run.
 */
export async function* answers(
  states: LiveStream<WorkflowDescription>,
  ask: (runId: string) => Promise<unknown>,
  changes: Changes,
): AsyncGenerator<readonly unknown[], void, undefined> {
  let asked = '';
  let said: string | undefined;
  for await (const { runId, historyLength, status } of newestOf(states, changes)) {
    const moment = `${runId} ${historyLength} ${status}`;
    if (moment === asked) continue;
    asked = moment;
    const answer = await ask(runId);
    const text = encodedText(answer);
    if (text === said) continue;
    said = text;
    yield [answer];
  }
}

/** Equal for equal values, whatever they are made of. */
export function encodedText(value: unknown): string {
  const { codec, text } = encodeValue(value, readLimits);
  return codec + text;
}
