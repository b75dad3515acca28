import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { InspectorSource } from '@perdure/inspector/sources';
import { expect, onTestFinished, test } from 'vitest';
import { serveUi } from './server.js';

const run = { workflowId: 'w', runId: 'r' };

/** A source that writes down what it is asked to do. */
function recorded(): { source: InspectorSource; asked: unknown[][]; changed: (() => void)[] } {
  const asked: unknown[][] = [];
  const changed: (() => void)[] = [];
  const record =
    (name: string) =>
    (...args: unknown[]): Promise<any> => {
      asked.push([name, ...args]);
      return name === 'run' ? Promise.reject(new Error('There is no such run')) : Promise.resolve({ name });
    };
  const source = {
    ...Object.fromEntries(
      ['about', 'runs', 'run', 'history', 'activities', 'events', 'start', 'cancel', 'signal'].map((name) => [
        name,
        record(name),
      ]),
    ),
    watch: (what: unknown, listener: () => void) => {
      asked.push(['watch', what]);
      changed.push(listener);
      return () => asked.push(['unwatched']);
    },
  } as unknown as InspectorSource;
  return { source, asked, changed };
}

async function open({ readOnly = false } = {}) {
  const { source, asked, changed } = recorded();
  const files = new Map([['/', { type: 'text/html', text: '<!doctype html>' }]]);
  const server = await serveUi({ source, files, readOnly, port: 0 });
  onTestFinished(() => server.close());
  const { port, hash } = new URL(server.address);
  const token = new URLSearchParams(hash.slice(1)).get('token') ?? '';
  const good = {
    host: `127.0.0.1:${port}`,
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
  };
  const call = async (path: string, body = '[]', headers: Record<string, string> = {}, method = 'POST') => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers: { ...good, ...headers } });
    sent.on('error', () => undefined); // the server may hang up on what is too long
    sent.end(method === 'POST' ? body : undefined);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode, headers: response.headers, text };
  };
  return { call, asked, changed, token, good, port };
}

test('A25 only who has the token, comes by our own name and sends JSON is answered', async () => {
  const { call, asked } = await open();
  const refused: readonly (readonly [number, string, string?, Record<string, string>?, string?])[] = [
    [401, '/api/about', '[]', { authorization: '' }],
    [401, '/api/about', '[]', { authorization: 'Bearer guess' }],
    [401, '/api/nothing', '[]', { authorization: 'Bearer guess' }],
    [403, '/api/about', '[]', { host: 'evil.example:80' }],
    [403, '/', '[]', { host: 'evil.example' }, 'GET'],
    [403, '/api/about', '[]', { origin: 'http://evil.example' }],
    [404, '/api/nothing'],
    [404, '/etc/passwd'],
    [404, '/api/constructor'],
    [405, '/api/about', '[]', {}, 'GET'],
    [405, '/api/about', '[]', {}, 'OPTIONS'],
    [415, '/api/about', '[]', { 'content-type': 'text/plain' }],
    [415, '/api/about', '[]', { 'content-type': 'application/x-www-form-urlencoded' }],
    [413, '/api/about', `["${'x'.repeat(4_300_000)}"]`],
    [400, '/api/about', '{}'],
    [400, '/api/about', 'nothing'],
  ];
  for (const [status, path, body, headers, method] of refused) {
    const answer = await call(path, body, headers, method);
    expect([status, path, answer.status]).toEqual([status, path, status]);
    expect(Object.keys(JSON.parse(answer.text) as object)).toEqual(['message']);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
  expect(asked).toEqual([]);
  const page = await call('/', '', { authorization: '' }, 'GET');
  expect(page).toMatchObject({ status: 200, text: '<!doctype html>' });
  expect(page.headers['content-security-policy']).toContain("default-src 'none'");
});

test('A25 what is asked for reaches the source, checked; what is wrong or fails is told', async () => {
  const { call, asked } = await open();
  const json = async (path: string, ...args: unknown[]) => {
    const { status, text } = await call(path, JSON.stringify(args));
    return [status, JSON.parse(text)] as const;
  };
  expect(await json('/api/runs', { status: 'failed', other: 1 })).toEqual([200, { value: { name: 'runs' } }]);
  expect(await json('/api/run', run)).toEqual([400, { message: 'Error: There is no such run' }]);
  expect(await json('/api/signal', [run], 'go', '{}')).toEqual([200, { value: { name: 'signal' } }]);
  for (const [path, ...args] of [
    ['/api/runs', null],
    ['/api/runs', { query: { $gt: '' } }],
    ['/api/run', { workflowId: 1, runId: 'r' }],
    ['/api/history', run, -1],
    ['/api/cancel', [run], 7],
    ['/api/cancel', Array.from({ length: 1_001 }, () => run), ''],
    ['/api/start', { name: ['order'] }],
    ['/api/watch', { kind: 'everything' }],
  ] as const) {
    const [status, { message }] = (await json(path, ...args)) as readonly [number, { message: string }];
    expect([path, status]).toEqual([path, 400]);
    expect(message).toMatch(/must be/);
  }
  expect(asked).toEqual([
    ['runs', { status: 'failed' }],
    ['run', run],
    ['signal', [run], 'go', '{}'],
  ]);
});

test('A25 a server that only shows does nothing', async () => {
  const { call, asked } = await open({ readOnly: true });
  for (const name of ['start', 'cancel', 'signal']) expect((await call(`/api/${name}`)).status).toBe(403);
  expect((await call('/api/about')).status).toBe(200);
  expect(asked).toEqual([['about']]);
});

test('A25 changes are streamed until the reader leaves', async () => {
  const { asked, changed, good, port } = await open();
  const sent = request({ host: '127.0.0.1', port, path: '/api/watch', method: 'POST', headers: good });
  sent.on('error', () => undefined); // it is destroyed below
  sent.end('[{"kind":"events"}]');
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  expect(response.headers['content-type']).toBe('text/event-stream');
  const chunk = async (): Promise<string> => String((await once(response, 'data'))[0]);
  expect(await chunk()).toBe('data: changed\n\n');
  changed[0]?.();
  expect(await chunk()).toBe('data: changed\n\n');
  sent.destroy();
  await expect.poll(() => asked).toEqual([['watch', { kind: 'events' }], ['unwatched']]);
});
