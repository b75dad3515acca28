import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Linter, RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, test } from 'vitest';
import plugin from './index.js';

// Rules are tested as ESLint tests its own; the file of a case is TypeScript.
Object.assign(RuleTester, { describe, it: test, itOnly: test.only });
const typed = new RuleTester({ languageOptions: { parser: tseslint.parser } });
const plain = new RuleTester();

const head =
  "import { createEngine, defineActivity, defineWorkflow, type WorkflowContext } from '@perdure/core';";
/** The body of a workflow named `w`. */
const workflow = (body: string, around = '') =>
  `${head}\n${around}\nexport const w = defineWorkflow('w', async (ctx, input: string) => {\n${body}\n});`;
const ambient = (what: string) => ({ messageId: 'ambient', data: expectedData(what) });
const expectedData = (what: string) => ({ what, workflow: 'w', instead: insteadOf(what) });

function insteadOf(what: string): string {
  if (/Date|performance/.test(what))
    return 'take the time from ctx.now(), or inside an activity or a ctx.step';
  if (/random/i.test(what))
    return 'draw from ctx.random(), ctx.uuid4() or ctx.uuid7(), which a replay repeats';
  if (/^set|request/.test(what))
    return 'wait with ctx.sleep, or with the timeout of ctx.waitSignal and ctx.waitCondition';
  return 'do it in an activity or a ctx.step, whose result is recorded';
}

typed.run(
  'A26 E13 no-ambient: clocks, chance, timers and I/O are out of the reach of a workflow',
  plugin.rules['no-ambient'],
  {
    valid: [
      {
        name: 'the clock of ctx',
        code: workflow(
          'return [ctx.now(), new Date(input), new Date(0), Date.UTC(2026, 0), Date.parse(input)];',
        ),
      },
      { name: 'Math but for chance', code: workflow('return Math.max(1, Math.floor(ctx.random() * 6));') },
      {
        name: 'inside a step and a side effect',
        code: workflow(
          "await ctx.step('t', async () => fetch(String(Date.now())));\nreturn ctx.sideEffect(() => Math.random());",
        ),
      },
      {
        name: 'inside an activity, and outside of everything',
        code: `${head}\nconst at = Date.now();\nexport const a = defineActivity('a', async () => Math.random() + at);\nexport const later = () => setTimeout(() => {}, 1);`,
      },
      {
        name: 'a name of the file’s own',
        code: workflow(
          'const fetch = async () => 1; const process = { env: {} };\nreturn [await fetch(), process.env];',
        ),
      },
      {
        name: 'a parameter of that name',
        code: workflow('return input.split("").map((location) => location.length);'),
      },
      {
        name: 'a member of that name',
        code: workflow('return { fetch: input.length, at: ctx.info.runId };'),
      },
      {
        name: 'types',
        code: workflow(
          'const seen: Date[] = []; let request: typeof fetch | undefined; return [seen, request, input as unknown as WebSocket];',
        ),
      },
      { name: 'asking whether it is there', code: workflow("return typeof fetch === 'function';") },
      {
        name: 'a function that no workflow calls',
        code: workflow('return input;', 'export function stamp() { return Date.now(); }'),
      },
      {
        name: 'a function that is handed to a step',
        code: workflow("return ctx.step('stamp', stamp);", 'function stamp() { return Date.now(); }'),
      },
      {
        name: 'an activity that is implemented elsewhere',
        code: `${head}\nconst charge = defineActivity('charge', { input: s, output: s });\nexport const done = charge.implement(async (input) => Date.now());`,
      },
      {
        name: 'an imported activity',
        code: "import { charge } from './contracts.js';\nexport const done = charge.implement(async (amount, { signal }) => fetch('x', { signal }));",
      },
      {
        name: 'what is allowed',
        code: workflow('return process.env.NODE_ENV;'),
        options: [{ allow: ['process'] }],
      },
      {
        name: 'somebody else’s defineWorkflow',
        code: 'const defineWorkflow = (f: () => unknown) => f;\ndefineWorkflow(() => Date.now());',
      },
    ],
    invalid: [
      {
        name: 'Date.now',
        code: workflow('return Date.now();'),
        errors: [{ ...ambient('Date.now'), line: 4, column: 8 }],
      },
      { name: 'new Date()', code: workflow('return new Date();'), errors: [ambient('new Date()')] },
      { name: 'Date()', code: workflow('return Date();'), errors: [ambient('new Date()')] },
      {
        name: 'Math.random, also handed on',
        code: workflow('return [Math.random(), Array.from(input, Math.random)];'),
        errors: [ambient('Math.random'), ambient('Math.random')],
      },
      {
        name: 'through the global object',
        code: workflow("return [globalThis.Date.now(), globalThis['crypto'].randomUUID()];"),
        errors: [ambient('Date.now'), ambient('crypto.randomUUID')],
      },
      {
        name: 'crypto',
        code: workflow('return crypto.getRandomValues(new Uint8Array(4));'),
        errors: [{ messageId: 'ambient' }],
      },
      {
        name: 'timers',
        code: workflow('await new Promise((resolve) => setTimeout(resolve, 10));\nsetInterval(() => {}, 1);'),
        errors: [ambient('setTimeout'), ambient('setInterval')],
      },
      {
        name: 'the network and the host',
        code: workflow(
          'await fetch(input);\nreturn [process.env.HOME, navigator.onLine, localStorage.x, new WebSocket(input)];',
        ),
        errors: [
          ambient('fetch'),
          ambient('process'),
          ambient('navigator'),
          ambient('localStorage'),
          ambient('WebSocket'),
        ],
      },
      { name: 'performance', code: workflow('return performance.now();'), errors: [ambient('performance')] },
      {
        name: 'in a function that is called, and in one that this calls',
        code: workflow(
          'return outer();',
          'const inner = () => Date.now();\nfunction outer() { return inner(); }',
        ),
        errors: [ambient('Date.now')],
      },
      {
        name: 'in a function that is handed on',
        code: workflow('return input.split("").map(stamp);', 'function stamp() { return Date.now(); }'),
        errors: [ambient('Date.now')],
      },
      {
        name: 'in handlers of messages',
        code: workflow("ctx.onSignal('go', () => { Math.random(); });"),
        errors: [ambient('Math.random')],
      },
      {
        name: 'a function by its name',
        code: `${head}\nasync function run(ctx: WorkflowContext) { return Date.now(); }\nexport const w = defineWorkflow('w', run);`,
        errors: [ambient('Date.now')],
      },
      {
        name: 'with a contract',
        code: `${head}\nexport const w = defineWorkflow('w', { versioning: 'pinned' }, async (ctx) => Date.now());`,
        errors: [ambient('Date.now')],
      },
      {
        name: 'implemented at once',
        code: `${head}\nexport const w = defineWorkflow('w', { input: s, output: s }).implement(async (ctx) => Date.now());`,
        errors: [ambient('Date.now')],
      },
      {
        name: 'implemented later',
        code: `${head}\nconst contract = defineWorkflow('w', { input: s, output: s });\nexport const w = contract.implement(async (c) => Date.now());`,
        errors: [{ messageId: 'ambient' }],
      },
      {
        name: 'implemented elsewhere',
        code: "import { order } from './contracts.js';\nexport const w = order.implement(async (ctx) => Date.now());",
        errors: [{ messageId: 'ambient' }],
      },
      {
        name: 'by another name',
        code: "import { defineWorkflow as workflow } from '@perdure/core';\nexport const w = workflow('w', async () => Date.now());",
        errors: [ambient('Date.now')],
      },
      {
        name: 'by namespace',
        code: "import * as perdure from '@perdure/core';\nexport const w = perdure.defineWorkflow('w', async () => Date.now());",
        errors: [ambient('Date.now')],
      },
      {
        name: 'a generator inside, and a class',
        code: workflow('class Clock { now() { return Date.now(); } }\nreturn new Clock().now();'),
        errors: [ambient('Date.now')],
      },
    ],
  },
);

plain.run('A26 E13 no-ambient: in JavaScript as well, and after what it allows', plugin.rules['no-ambient'], {
  valid: ["import { defineWorkflow } from '@perdure/core';\ndefineWorkflow('w', async (ctx) => ctx.now());"],
  invalid: [
    {
      code: "import { defineWorkflow } from '@perdure/core';\ndefineWorkflow('w', async (ctx) => Date?.now());",
      errors: [{ messageId: 'ambient' }],
    },
  ],
});

const imported = (what: string, module: string) => ({
  messageId: 'imported',
  data: { what, module, workflow: 'w' },
});

typed.run(
  'A26 E13 no-ambient-imports: modules for chance, time and I/O are out of the reach of a workflow',
  plugin.rules['no-ambient-imports'],
  {
    valid: [
      {
        name: 'in an activity',
        code: `import { v4 } from 'uuid';\n${head}\nexport const a = defineActivity('a', async () => v4());`,
      },
      {
        name: 'what is the same each time',
        code: workflow(
          "return [createHash('sha256').update(input).digest('hex'), v5(input, v5.URL), path.join('a', input)];",
          "import { createHash } from 'node:crypto';\nimport { v5 } from 'uuid';\nimport path from 'node:path';",
        ),
      },
      {
        name: 'types',
        code: workflow(
          'const one: AxiosInstance | undefined = undefined; return one as Server | undefined;',
          "import type { AxiosInstance } from 'axios';\nimport { type Server } from 'node:http';",
        ),
      },
      {
        name: 'in a step',
        code: workflow(
          "return ctx.step('read', () => readFile(input));",
          "import { readFile } from 'node:fs/promises';",
        ),
      },
      {
        name: 'what is allowed',
        code: workflow('return os.EOL;', "import os from 'node:os';"),
        options: [{ allow: ['os'] }],
      },
    ],
    invalid: [
      {
        name: 'uuid',
        code: workflow('return v4();', "import { v4 } from 'uuid';"),
        errors: [imported('v4', 'uuid')],
      },
      {
        name: 'uuid by another name, and all of it',
        code: workflow(
          'return [id(), uuid.v7()];',
          "import { v1 as id } from 'uuid';\nimport * as uuid from 'uuid';",
        ),
        errors: [imported('id', 'uuid'), imported('uuid.v7', 'uuid')],
      },
      {
        name: 'crypto',
        code: workflow(
          "return [randomUUID(), crypto.randomBytes(4), crypto.createHash('md5')];",
          "import { randomUUID } from 'node:crypto';\nimport crypto from 'crypto';",
        ),
        errors: [imported('randomUUID', 'node:crypto'), imported('crypto.randomBytes', 'crypto')],
      },
      {
        name: 'http, files, timers',
        code: workflow(
          'await axios.get(input);\nawait readFile(input);\nawait setTimeout(10);',
          "import axios from 'axios';\nimport { readFile } from 'node:fs/promises';\nimport { setTimeout } from 'node:timers/promises';",
        ),
        errors: [
          imported('axios.get', 'axios'),
          imported('readFile', 'node:fs/promises'),
          imported('setTimeout', 'node:timers/promises'),
        ],
      },
      {
        name: 'one of one’s own',
        code: workflow('return secret();', "import { secret } from './vault.js';"),
        options: [{ modules: ['./vault.js'] }],
        errors: [imported('secret', './vault.js')],
      },
    ],
  },
);

typed.run(
  'A26 E13 no-foreign-await: a workflow waits for what is durable',
  plugin.rules['no-foreign-await'],
  {
    valid: [
      {
        name: 'tasks, and what is made of them',
        code: workflow(
          "const one = ctx.sleep('1s');\nconst both = Promise.all([one, ctx.runActivity('a')]);\nawait one; await both; await helper(ctx); await Promise.resolve(1); return await input;",
          'async function helper(ctx: WorkflowContext) { await ctx.sleep(1); }',
        ),
      },
      {
        name: 'a promise that a handler resolves',
        code: workflow("await new Promise<void>((resolve) => ctx.onSignal('go', () => resolve()));"),
      },
      {
        name: 'what cannot be told',
        code: workflow(
          'await stub(input); await imported; for await (const x of pages(ctx)) await x;',
          "import { imported, pages, stub } from './workflow-parts.js';",
        ),
      },
      {
        name: 'outside of workflows',
        code: "import { createEngine } from '@perdure/core';\nconst engine = await createEngine(options);\nawait engine.close();\nexport const load = async () => import('./x.js');",
      },
      {
        name: 'inside a step',
        code: workflow("await ctx.step('load', async () => (await import('./x.js')).run());"),
      },
      {
        name: 'a constant of the module',
        code: workflow('await limit; await table;', 'const limit = 5; const table = { a: 1 };'),
      },
    ],
    invalid: [
      { name: 'a module', code: workflow("await import('./x.js');"), errors: [{ messageId: 'foreign' }] },
      {
        name: 'a promise of the module',
        code: workflow(
          'await ready; await other;',
          'const ready = load(); const other = new Promise(() => {});',
        ),
        errors: [{ messageId: 'foreign' }, { messageId: 'foreign' }],
      },
      {
        name: 'an engine',
        code: workflow(
          "await engine.execute(w, 1); await engine.handle('a').result();",
          'const engine = await createEngine(options);',
        ),
        errors: [{ messageId: 'foreign' }, { messageId: 'foreign' }],
      },
      {
        name: 'the code of an activity',
        code: workflow(
          'await a.fn(1, undefined as never);',
          "const a = defineActivity('a', async (n: number) => n);",
        ),
        errors: [{ messageId: 'foreign' }],
      },
      {
        name: 'page by page',
        code: workflow(
          'for await (const x of engine.list()) ctx.setState(x);',
          'const engine = await createEngine(options);',
        ),
        errors: [{ messageId: 'foreign' }],
      },
    ],
  },
);

const floating = (what: string, code: string, call: string) => ({
  messageId: 'floating',
  data: { what, workflow: 'w' },
  suggestions: [
    { messageId: 'await', output: code.replace(call, `await ${call}`) },
    { messageId: 'leave', output: code.replace(call, `void ${call}`) },
  ],
});
const floats = (name: string, what: string, code: string, call: string) => ({
  name,
  code,
  errors: [floating(what, code, call)],
});

typed.run(
  'A26 E13 no-floating-task: what a workflow begins is awaited, kept, or left on purpose',
  plugin.rules['no-floating-task'],
  {
    valid: [
      {
        name: 'awaited, kept, left, caught',
        code: workflow(
          "await ctx.sleep(1); const one = ctx.sleep(2); void ctx.sleep(3); ctx.runActivity('a').catch(() => undefined); ctx.sleep(1).then(() => 1, () => 2); return [one, ctx.sleep(4)];",
        ),
      },
      {
        name: 'what gives no task',
        code: workflow(
          "ctx.setState(1); ctx.onSignal('go', () => {}); ctx.upsertMemo({}); ctx.log.info('x'); ctx.patched('x'); ctx.deprecatePatch('x');",
        ),
      },
      {
        name: 'somebody else’s sleep',
        code: workflow(
          'other.sleep(1); input.map(String);',
          'declare const other: { sleep(ms: number): void };',
        ),
      },
      {
        name: 'stubs that are awaited',
        code: workflow('const { charge } = ctx.activities({ charge: a }); await charge(1);'),
      },
      {
        name: 'outside of a workflow',
        code: 'export function f(ctx: { sleep(n: number): void }) { ctx.sleep(1); }',
      },
      {
        name: 'an arrow that gives it on',
        code: workflow('await ctx.all([1, 2].map((n) => ctx.sleep(n)));'),
      },
    ],
    invalid: [
      floats('a timer', 'ctx.sleep', workflow('ctx.sleep(1);'), 'ctx.sleep'),
      floats('an activity', 'ctx.runActivity', workflow("ctx.runActivity('a');"), 'ctx.runActivity'),
      floats('a chain', 'ctx.runChild', workflow("ctx.runChild('a').then(() => 1);"), 'ctx.runChild'),
      floats(
        'in a helper',
        'ctx.step',
        workflow(
          'await helper(1, ctx);',
          "async function helper(n: number, c: WorkflowContext) { c.step('a', () => n); }",
        ),
        'c.step',
      ),
      floats(
        'a stub',
        'charge',
        workflow('const { charge } = ctx.activities({ charge: a }); charge(1);'),
        'charge(1)',
      ),
      floats(
        'stubs',
        'charge',
        workflow('const acts = ctx.activities({ charge: a }); acts.charge(1);'),
        'acts.charge(1)',
      ),
      floats(
        'another workflow',
        'ctx.external().signal',
        workflow("ctx.external('a').signal('go');"),
        "ctx.external('a').signal",
      ),
      floats('in a branch', 'ctx.sleep', workflow('if (input) { ctx.sleep(1); }'), 'ctx.sleep'),
    ],
  },
);

const state = (what: string) => ({ messageId: 'state', data: { what, workflow: 'w' } });

typed.run(
  'A26 E13 no-module-state: a workflow changes no state of its module',
  plugin.rules['no-module-state'],
  {
    valid: [
      {
        name: 'its own',
        code: workflow(
          'let n = 0; n += 1; const list: number[] = []; list.push(n); const o = { a: 1 }; o.a = 2; return [list, o];',
        ),
      },
      {
        name: 'looking',
        code: workflow(
          'return [limits.most, names.length, names.map(String), prices.get(input)];',
          "const limits = { most: 5 }; const names = ['a']; const prices = new Map();",
        ),
      },
      {
        name: 'in an activity and a step',
        code: `${workflow("await ctx.step('count', () => { count += 1; });", 'let count = 0;')}\nexport const a = defineActivity('a', async () => ++count);`,
      },
      {
        name: 'calls of what is no container',
        code: workflow(
          "await api.add(1); flags.set('a');",
          "import { api } from './api.js'; const flags = makeFlags();",
        ),
      },
      {
        name: 'a parameter of that name',
        code: workflow(
          'return [1].map((count) => { count += 1; return count; });',
          'let count = 0; count = 2;',
        ),
      },
    ],
    invalid: [
      {
        name: 'a counter',
        code: workflow('count += 1; count++; count = 0;', 'let count = 0;'),
        errors: [state('count'), state('count'), state('count')],
      },
      {
        name: 'members',
        code: workflow(
          'cache.x = 1; cache[input] = 2; delete cache.x; cache.deep.n++;',
          'const cache: any = {};',
        ),
        errors: [state('cache.x'), state('cache'), state('cache.x'), state('cache.deep.n')],
      },
      {
        name: 'containers',
        code: workflow(
          'seen.push(input); known.set(input, 1); all.add(1);',
          'const seen: string[] = []; const known = new Map(); const all = new Set();',
        ),
        errors: [state('seen.push'), state('known.set'), state('all.add')],
      },
      {
        name: 'in a helper',
        code: workflow('next();', 'let count = 0;\nfunction next() { count += 1; }'),
        errors: [state('count')],
      },
      {
        name: 'of what is imported',
        code: workflow('config.debug = true;', "import { config } from './config.js';"),
        errors: [state('config.debug')],
      },
    ],
  },
);

test('A26 E13 the workflows of the examples and of the suite are in order: nothing is found that is none', () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const config = { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } };
  const found: string[] = [];
  let read = 0;
  for (const folder of ['examples', 'test/suite', 'test/readme']) {
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || /node_modules|dist/.test(file)) continue;
      read += 1;
      const code = readFileSync(join(root, folder, file), 'utf8');
      const messages = new Linter().verify(code, [config, plugin.configs.recommended], {
        filename: file,
        allowInlineConfig: false,
      });
      found.push(...messages.map(({ line, message }) => `${folder}/${file}:${line} ${message}`));
    }
  }
  expect(read).toBeGreaterThan(50);
  expect(found).toEqual([]);
});

test('A26 E13 the recommended configuration turns every rule on, and each has its page', () => {
  const pages = readdirSync(fileURLToPath(new URL('../docs', import.meta.url)));
  const names = Object.keys(plugin.rules);
  expect(pages.sort()).toEqual(names.map((name) => `${name}.md`).sort());
  const { rules } = plugin.configs.recommended;
  expect(Object.keys(rules ?? {}).sort()).toEqual(names.map((name) => `perdure/${name}`).sort());
  const messages = new Linter().verify(
    workflow('ctx.sleep(1);\nreturn Date.now();')
      .replace(/, type \w+/, '')
      .replace(': string', ''),
    [plugin.configs.recommended],
  );
  expect(messages.map(({ ruleId, severity }) => [ruleId, severity])).toEqual([
    ['perdure/no-floating-task', 2],
    ['perdure/no-ambient', 2],
  ]);
  expect(messages[1]?.message).toContain('W001');
});
