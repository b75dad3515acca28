import type { Rule } from 'eslint';
import { reachOf } from './reach.js';
import { callOf, parentOf, pathFrom, wrapped, type Node } from './syntax.js';

const clock = 'take the time from ctx.now(), or inside an activity or a ctx.step';
const chance = 'draw from ctx.random(), ctx.uuid4() or ctx.uuid7(), which a replay repeats';
const timer = 'wait with ctx.sleep, or with the timeout of ctx.waitSignal and ctx.waitCondition';
const outside = 'do it in an activity or a ctx.step, whose result is recorded';

/** By what is written, the longest match counts: what to do instead. */
const ambient = new Map<string, string>([
  ['Date.now', clock],
  ['performance', clock],
  ['Math.random', chance],
  ['crypto.randomUUID', chance],
  ['crypto.getRandomValues', chance],
  ['crypto.subtle.generateKey', outside],
  ['setTimeout', timer],
  ['setInterval', timer],
  ['setImmediate', timer],
  ['requestAnimationFrame', timer],
  ['requestIdleCallback', timer],
  ['process', outside],
  ['Deno', outside],
  ['Bun', outside],
  ...[
    ...['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'indexedDB', 'localStorage', 'sessionStorage'],
    ...['caches', 'navigator', 'document', 'location', 'alert', 'confirm', 'prompt'],
  ].map((name): [string, string] => [name, outside]),
]);
const hosts: ReadonlySet<string> = new Set(['globalThis', 'window', 'self', 'global']);

/** What differs from one replay to the next: clocks, chance, timers, the network, the environment. */
export const noAmbient: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: {
      description: 'disallow clocks, chance, timers and I/O in code that is replayed',
      recommended: true,
    },
    schema: [
      {
        type: 'object',
        properties: { allow: { type: 'array', items: { type: 'string' } } },
        additionalProperties: false,
      },
    ],
    messages: {
      ambient: "W001 `{{what}}` in workflow '{{workflow}}' is another one at each replay: {{instead}}.",
    },
  },
  create: (context) => ({
    'Program:exit': () => {
      const allowed = new Set((context.options[0] as { allow?: string[] } | undefined)?.allow);
      for (const { reference, workflow } of reachOf(context.sourceCode).references) {
        if (reference.resolved && reference.resolved.defs.length > 0) continue; // a name of the file's own
        const found = ambientAt(reference.identifier as Node);
        if (!found || allowed.has(found.what)) continue;
        const { node, what, instead } = found;
        context.report({ node, messageId: 'ambient', data: { what, instead, workflow } });
      }
    },
  }),
};

function ambientAt(identifier: Node): { node: Node; what: string; instead: string } | undefined {
  const { names, nodes } = pathFrom(identifier);
  if (names.length > 1 && hosts.has(names[0] ?? '')) {
    names.shift();
    nodes.shift();
  }
  if (names[0] === 'Date' && nodes[0] && readsClock(nodes[0]))
    return { node: parentOf(wrapped(nodes[0])) ?? nodes[0], what: 'new Date()', instead: clock };
  if (parentOf(wrapped(nodes[0] ?? identifier))?.type === 'UnaryExpression') return undefined; // typeof fetch
  for (let length = names.length; length > 0; length--) {
    const what = names.slice(0, length).join('.');
    const instead = ambient.get(what);
    const node = nodes[length - 1];
    if (instead !== undefined && node) return { node, what, instead };
  }
  return undefined;
}

/** `new Date()`, and `Date()`, which takes no notice of what it is given. */
function readsClock(date: Node): boolean {
  const outer = wrapped(date);
  const parent = parentOf(outer);
  if (parent?.type === 'NewExpression' && (parent.callee as Node) === outer)
    return parent.arguments.length === 0;
  return callOf(date) !== undefined;
}
