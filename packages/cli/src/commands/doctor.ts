import { command } from '../command.js';
import { examine } from '../doctor/examine.js';
import type { Finding } from '../doctor/finding.js';
import { columns } from '../help.js';
import { loadDefinitions, namedModules, workflowsOption } from '../modules.js';
import { existingStore, jsonOption, storeOptions } from '../store.js';

export const doctor = command({
  name: 'doctor',
  summary: 'Looks at this machine and at a store. Exit code 1 where something needs somebody.',
  about: [
    'Node, the SQLite driver, the file and its integrity, runs by status, blocked runs and why, leases that ran out,',
    'work that is due and that nobody takes; with --workflows also open runs whose code is in none of the modules.',
    'It changes nothing, except that opening a store of an older release brings it up to date.',
  ],
  takes: [],
  options: { json: jsonOption, ...workflowsOption, ...storeOptions },
  run: async ({ values }, output) => {
    const path = existingStore(values);
    const modules = namedModules(values.workflows);
    const definitions = modules.length === 0 ? undefined : await loadDefinitions(modules);
    const findings: Finding[] = [];
    for await (const finding of examine(path, values.namespace ?? 'default', definitions))
      findings.push(finding);
    if (values.json) output.json(findings);
    else {
      const rows = findings.map(({ state, about, text }) => [`${marks[state]} ${about}`, text] as const);
      for (const line of columns(rows)) output.line(line.slice(2));
    }
    return findings.some(({ state }) => state === 'problem') ? 1 : 0;
  },
});

const marks = { fine: '✓', warning: '!', problem: '✗' } as const;
