import type { InspectorSource, Watched } from './source.js';

/** How long a stream that broke off is left alone before it is asked for again. Milliseconds. */
const askAgainAfter = 2_000;

/**
 * What `perdure ui` serves. `base` is its address; `token` goes with every request, in a header and nowhere else. Changes
 * come as server-sent events, which the server is asked for again where they break off.
 */
export function httpSource(base: string, token: string): InspectorSource {
  const authorization = `Bearer ${token}`;
  const call = async <T>(method: string, ...args: readonly unknown[]): Promise<T> => {
    const response = await fetch(new URL(`api/${method}`, base), {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(args),
    });
    const answer = (await response.json()) as { readonly value?: T; readonly message?: string };
    if (!response.ok) throw new Error(answer.message ?? `The server answers with ${response.status}`);
    return answer.value as T;
  };
  return {
    about: () => call('about'),
    runs: (filter) => call('runs', filter),
    run: (run) => call('run', run),
    history: (run, afterSeq) => call('history', run, afterSeq),
    activities: (filter) => call('activities', filter),
    events: (filter) => call('events', filter),
    start: (request) => call('start', request),
    cancel: (runs, reason) => call('cancel', runs, reason),
    signal: (runs, name, input) => call('signal', runs, name, input),
    watch: (what, changed) => {
      const ended = new AbortController();
      void follow(new URL('api/watch', base), { what, authorization, signal: ended.signal }, changed);
      return () => {
        ended.abort();
      };
    },
  };
}

interface Following {
  readonly what: Watched;
  readonly authorization: string;
  readonly signal: AbortSignal;
}

/** Reads the stream of changes until the signal says so. `EventSource` would put the token into the address. */
async function follow(
  url: URL,
  { what, authorization, signal }: Following,
  changed: () => void,
): Promise<void> {
  const body = JSON.stringify([what]);
  const headers = { authorization, 'content-type': 'application/json', accept: 'text/event-stream' };
  while (!signal.aborted) {
    try {
      const { body: stream, ok } = await fetch(url, { method: 'POST', headers, body, signal });
      if (ok && stream) for await (const event of chunksOf(stream)) if (event.includes('data:')) changed();
    } catch {
      // The server is gone or was never there: what is read by itself says so.
    }
    await pause(askAgainAfter, signal);
  }
}

async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
