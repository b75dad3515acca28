import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Refusal } from '../refusal.js';

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <meta name="color-scheme" content="light dark" />
    <title>Perdure</title>
    <script type="module" src="/page.js"></script>
  </head>
  <body></body>
</html>
`;
const script = "import { startPage } from '/inspector/index.js';\nstartPage();\n";

/** What a browser loads, by path. None of it is a secret. Throws a refusal where the inspector is not built. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  const manifest = createRequire(import.meta.url).resolve('@perdure/inspector/package.json');
  const built = join(dirname(manifest), 'dist');
  const type = 'text/javascript; charset=utf-8';
  const files = new Map<string, PageFile>([
    ['/', { type: 'text/html; charset=utf-8', text: html }],
    ['/page.js', { type, text: script }],
  ]);
  try {
    for (const name of readdirSync(built).filter((one) => one.endsWith('.js')))
      files.set(`/inspector/${name}`, { type, text: readFileSync(join(built, name), 'utf8') });
  } catch (cause) {
    throw notBuilt((cause as Error).message);
  }
  if (!files.has('/inspector/index.js')) throw notBuilt(`there is no index.js in ${built}`);
  return files;
}

function notBuilt(why: string): Refusal {
  return new Refusal(`The inspector is not built (${why}): run npm run build first`);
}
