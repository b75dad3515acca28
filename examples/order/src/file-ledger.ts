import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { linesOf, type Ledger, type Visit } from './ledger.js';

/** A ledger in a folder: a file for each thing done, which can be made only once, and a list of all that was asked for. */
export async function fileLedger(folder: string): Promise<Ledger> {
  const done = join(folder, 'done');
  const visits = join(folder, 'visits.jsonl');
  await mkdir(done, { recursive: true });
  return {
    async apply(request) {
      const answer = await make(join(done, encodeURIComponent(request.key)), JSON.stringify(request));
      const visit: Visit = { ...request, answer };
      await appendFile(visits, `${JSON.stringify(visit)}\n`);
      return answer;
    },
    async read(orderId) {
      const lines = (await readFile(visits, 'utf8')).trimEnd().split('\n');
      return linesOf(
        lines.map((line) => JSON.parse(line) as Visit),
        orderId,
      );
    },
  };
}

async function make(file: string, text: string): Promise<'done' | 'was done'> {
  try {
    await writeFile(file, text, { flag: 'wx' });
    return 'done';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'was done';
    throw error;
  }
}
