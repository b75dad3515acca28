import type { Rule } from 'eslint';
import { reachOf } from './reach.js';
import { importOf, pathFrom, type Node } from './syntax.js';

/** What of a module is another one at each replay: all of it, or the names that match. */
const modules = new Map<string, RegExp | 'all'>([
  ['crypto', /^(random|generate|getRandomValues|webcrypto|subtle|scrypt$|pbkdf2$|hkdf$)/],
  ['uuid', /^(default|v1|v4|v6|v7)$/],
  ...[
    ...['nanoid', 'nanoid/non-secure', 'ulid', 'ulidx', 'cuid', '@paralleldrive/cuid2', 'ksuid', 'xid-js'],
    ...['random', 'chance', '@faker-js/faker', 'get-random-values', 'randombytes'],
    ...[
      'axios',
      'got',
      'ky',
      'undici',
      'node-fetch',
      'cross-fetch',
      'superagent',
      'request',
      'ofetch',
      'wretch',
    ],
    ...[
      'http',
      'https',
      'http2',
      'net',
      'tls',
      'dgram',
      'dns',
      'dns/promises',
      'fs',
      'fs/promises',
      'fs-extra',
    ],
    ...['child_process', 'worker_threads', 'cluster', 'os', 'process', 'perf_hooks', 'readline', 'execa'],
    ...[
      'timers',
      'timers/promises',
      'dotenv',
      'env-var',
      'ws',
      'pg',
      'mysql2',
      'redis',
      'ioredis',
      'better-sqlite3',
    ],
  ].map((name): [string, 'all'] => [name, 'all']),
]);

/** What is imported for chance, time, the network or the host, where a workflow uses it. */
export const noAmbientImports: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: {
      description: 'disallow modules for chance, time and I/O in code that is replayed',
      recommended: true,
    },
    schema: [
      {
        type: 'object',
        properties: {
          modules: { type: 'array', items: { type: 'string' } },
          allow: { type: 'array', items: { type: 'string' } },
        },
        additionalProperties: false,
      },
    ],
    messages: {
      imported:
        "W001 `{{what}}` of '{{module}}' in workflow '{{workflow}}' is another one at each replay: use it in an activity or a ctx.step, whose result is recorded.",
    },
  },
  create: (context) => ({
    'Program:exit': () => {
      const options = context.options[0] as { modules?: string[]; allow?: string[] } | undefined;
      const more = new Set(options?.modules);
      const allowed = new Set(options?.allow);
      for (const { reference, workflow } of reachOf(context.sourceCode).references) {
        const imported = importOf(reference.resolved);
        if (!imported) continue;
        const name = imported.module.replace(/^node:/, '');
        const ambient = more.has(imported.module) ? 'all' : modules.get(name);
        if (!ambient || allowed.has(imported.module) || allowed.has(name)) continue;
        const { names } = pathFrom(reference.identifier as Node);
        const member = imported.name === '*' || imported.name === 'default' ? names[1] : imported.name;
        const used = ambient === 'all' || ambient.test(member ?? imported.name);
        if (!used) continue;
        context.report({
          node: reference.identifier,
          messageId: 'imported',
          data: { what: names.slice(0, 2).join('.'), module: imported.module, workflow },
        });
      }
    },
  }),
};
