import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Ledger } from '../reach.js';

const root = join(import.meta.dirname, '../../..');

/** The next version of the application: its stores have the next version too, and the old ones are taken as they are. */
const nextVersion: Plugin = {
  name: 'next-version',
  setup({ onLoad }) {
    onLoad({ filter: /adapters\/indexeddb\/src\/schema\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      return { contents: source.replace('schemaVersion = 1', 'schemaVersion = 2'), loader: 'ts' };
    });
  },
};

async function program(...plugins: Plugin[]): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'program.ts')],
    ...{ bundle: true, write: false, format: 'esm', target: 'es2022', plugins },
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

const page = (script: string): string =>
  `<!doctype html><title>${script}</title><link rel="icon" href="data:,"><script type="module" src="/${script}.js"></script>`;

/**
 * What is outside of the browser: the application, in this version (`/tab`) and the next (`/next`), another page to go
 * to, and the ledger of effects.
 */
export class WebSite {
  readonly origin: string;
  readonly #server: Server;
  #file = '';
  #held: number | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async of(): Promise<WebSite> {
    const [tab, next] = await Promise.all([program(), program(nextVersion)]);
    const files: Readonly<Record<string, readonly [type: string, body: string]>> = {
      '/tab': ['text/html', page('tab')],
      '/tab.js': ['text/javascript', tab],
      '/next': ['text/html', page('next')],
      '/next.js': ['text/javascript', next],
      '/elsewhere': ['text/html', '<!doctype html><title>elsewhere</title>'],
    };
    const answer = (response: ServerResponse, file = files['/elsewhere']): void => {
      response.writeHead(200, { 'content-type': `${file?.[0]}; charset=utf-8` }).end(file?.[1]);
    };
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://localhost');
      if (pathname !== '/ledger') return answer(response, files[pathname]);
      let line = '';
      request.setEncoding('utf8').on('data', (text: string) => (line += text));
      request.on('end', () => response.writeHead(web.#enter(line)).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const web = new WebSite(server);
    return web;
  }

  /** Effects go to this file from now on. */
  keepLedger(file: string): void {
    this.#file = file;
  }

  get ledger(): Ledger {
    return { address: '/ledger', file: this.#file };
  }

  /** Accepted, and to be asked for again: 202; done: 204. */
  #enter(line: string): 202 | 204 {
    if (line !== '') {
      appendFileSync(this.#file, `${line}\n`);
      if (this.#held !== undefined) this.#held += 1;
    }
    return this.#held === undefined ? 204 : 202;
  }

  /** From now on effects happen, and whoever asked for them is told to wait. */
  hold(): void {
    this.#held = 0;
  }

  /** Effects since then. */
  get held(): number {
    return this.#held ?? 0;
  }

  /** Those who are still there hear that it is done. */
  letGo(): void {
    this.#held = undefined;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
