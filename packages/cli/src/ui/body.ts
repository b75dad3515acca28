import type { IncomingMessage } from 'node:http';

/** Twice the largest payload, since its JSON travels inside JSON. */
const mostBytes = 4 * 1024 * 1024;

export type Body =
  { readonly args: readonly unknown[] } | { readonly status: 400 | 413 | 415; readonly message: string };

/**
 * The list that the body of a request has to be. What is longer than it may be is read to its end, so that the sender gets
 * to read the answer, and kept nowhere.
 */
export async function bodyOf(request: IncomingMessage): Promise<Body> {
  if (!/^application\/json(;|$)/.test(request.headers['content-type'] ?? ''))
    return { status: 415, message: 'The body must be application/json' };
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= mostBytes) chunks.push(chunk);
  }
  if (bytes > mostBytes) return { status: 413, message: `The body must have at most ${mostBytes} bytes` };
  try {
    const args = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
    if (Array.isArray(args)) return { args };
  } catch {
    // Answered as what is JSON and no list is.
  }
  return { status: 400, message: 'The body must be a JSON list of arguments' };
}
