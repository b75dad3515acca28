import type { Rule } from 'eslint';
import { reachOf } from './reach.js';
import {
  callOf,
  initOf,
  isModuleVariable,
  parentOf,
  pathFrom,
  wrapped,
  type Node,
  type Variable,
} from './syntax.js';

const mutators: ReadonlySet<string> = new Set([
  ...['push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'copyWithin'],
  ...['set', 'add', 'delete', 'clear'],
]);
const containers: ReadonlySet<string> = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'Array', 'Object']);

/** State of a module that replayed code changes: each replay changes it again, and other processes never see it. */
export const noModuleState: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: {
      description: 'disallow changing state of the module in code that is replayed',
      recommended: true,
    },
    schema: [],
    messages: {
      state:
        "W004 Workflow '{{workflow}}' changes `{{what}}`, which belongs to the module: each replay changes it again, and another process does not see it. Keep it in a variable of the workflow, or in ctx.setState.",
    },
  },
  create: (context) => ({
    'Program:exit': () => {
      for (const { reference, workflow } of reachOf(context.sourceCode).references) {
        const { resolved: variable, identifier } = reference;
        if (!variable || !isModuleVariable(variable)) continue;
        const node = identifier as Node;
        const what = reference.isWrite() ? variable.name : changedMember(node, variable);
        if (what !== undefined) context.report({ node, messageId: 'state', data: { what, workflow } });
      }
    },
  }),
};

/** `state.count += 1`, `delete state.count`, `list.push(…)`: what of it is changed. */
function changedMember(identifier: Node, variable: Variable): string | undefined {
  const { names, nodes } = pathFrom(identifier);
  let last = nodes.at(-1) as Node;
  // `state[key] = …`: the name is not known, the change is.
  const further = parentOf(wrapped(last));
  if (further?.type === 'MemberExpression' && (further.object as Node) === wrapped(last)) last = further;
  if (last === identifier) return undefined;
  if (isTarget(last)) return names.join('.');
  const called = callOf(last) !== undefined && mutators.has(names.at(-1) ?? '');
  return called && names.length === 2 && isContainer(variable) ? names.join('.') : undefined;
}

function isTarget(member: Node): boolean {
  const outer = wrapped(member);
  const parent = parentOf(outer);
  if (parent?.type === 'AssignmentExpression') return (parent.left as Node) === outer;
  if (parent?.type === 'UpdateExpression') return true;
  return parent?.type === 'UnaryExpression' && parent.operator === 'delete';
}

function isContainer(variable: Variable): boolean {
  const init = initOf(variable);
  if (init?.type === 'ArrayExpression' || init?.type === 'ObjectExpression') return true;
  return (
    init?.type === 'NewExpression' && init.callee.type === 'Identifier' && containers.has(init.callee.name)
  );
}
