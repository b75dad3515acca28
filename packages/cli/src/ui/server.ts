import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { InspectorSource } from '@perdure/inspector/sources';
import { sentenceOf } from '../refusal.js';
import { bodyOf } from './body.js';
import { Guard } from './guard.js';
import type { PageFile } from './page.js';
import { requests, watched } from './requests.js';

/** A stream without a change is written to this often, so that one whose reader is gone is noticed. Milliseconds. */
const aliveEvery = 15_000;
const mostConnections = 100;

/** Nothing is loaded from elsewhere, framed, sniffed, stored or sent along. There is no header for other origins. */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

export interface UiServer {
  /** Where a browser finds it; the token is in the fragment, which is never sent. */
  readonly address: string;
  close(): Promise<void>;
}

export interface Served {
  readonly source: InspectorSource;
  readonly files: ReadonlyMap<string, PageFile>;
  readonly readOnly: boolean;
  /** 0: any that is free. */
  readonly port: number;
}

/** Serves the inspector to browsers of this machine. Rejects where the port is taken. */
export async function serveUi(served: Served): Promise<UiServer> {
  const server = createServer();
  server.maxConnections = mostConnections;
  server.listen(served.port, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const guard = new Guard(port);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response, served, guard).catch((error: unknown) => {
      // A reader that went away in the middle is told nothing.
      if (!response.headersSent) reply(response, 500, { message: sentenceOf(error) });
    });
  });
  return {
    address: `http://127.0.0.1:${port}/#token=${guard.token}`,
    close: () => closed(server),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served,
  guard: Guard,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const misdirected = guard.misdirected(request);
  if (misdirected) {
    reply(response, misdirected.status, misdirected);
    return;
  }
  const file = served.files.get(pathname);
  if (file && request.method === 'GET') {
    response.writeHead(200, { ...headers, 'content-type': file.type }).end(file.text);
    return;
  }
  const unauthorized = guard.unauthorized(request);
  const name = /^\/api\/([a-z]+)$/.exec(pathname)?.[1] ?? '';
  const known = requests.get(name);
  if (unauthorized) reply(response, unauthorized.status, unauthorized);
  else if (!known && name !== 'watch') reply(response, 404, { message: 'There is nothing here' });
  else if (request.method !== 'POST') reply(response, 405, { message: 'Only POST is answered here' });
  else if (known?.acts === true && served.readOnly)
    reply(response, 403, { message: 'This server only shows: it was started with --read-only' });
  else {
    const body = await bodyOf(request);
    if ('status' in body) reply(response, body.status, body);
    else await obey(response, served.source, name, body.args);
  }
}

async function obey(
  response: ServerResponse,
  source: InspectorSource,
  name: string,
  args: readonly unknown[],
): Promise<void> {
  try {
    if (name === 'watch') stream(response, source, args);
    else reply(response, 200, { value: await requests.get(name)?.answer(source, args) });
  } catch (error) {
    reply(response, 400, { message: sentenceOf(error) });
  }
}

/** Tells of changes as server-sent events until the reader goes away: one at the beginning, then one for each. */
function stream(response: ServerResponse, source: InspectorSource, args: readonly unknown[]): void {
  const what = watched(args);
  response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
  response.write('data: changed\n\n');
  const unwatch = source.watch(what, () => {
    // A change is a hint: what a slow reader has not read yet says the same.
    if (!response.writableNeedDrain) response.write('data: changed\n\n');
  });
  const alive = setInterval(() => response.write(': alive\n\n'), aliveEvery);
  response.on('close', () => {
    clearInterval(alive);
    unwatch();
  });
}

function reply(response: ServerResponse, status: number, body: object): void {
  const { message, value } = body as { readonly message?: string; readonly value?: unknown };
  response
    .writeHead(status, { ...headers, 'content-type': 'application/json' })
    .end(JSON.stringify(message === undefined ? { value } : { message }));
}

async function closed(server: Server): Promise<void> {
  const done = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await done;
}
