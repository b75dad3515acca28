import type { Rule } from 'eslint';
import { reachOf } from './reach.js';
import { bare, initOf, isModuleVariable, memberName, type Node, type Variable } from './syntax.js';

const engines: ReadonlySet<string> = new Set(['createEngine', 'createClient', 'createTestEngine']);

/** Waits that nothing recorded could ever end, where that can be told from the code. */
export const noForeignAwait: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: {
      description: 'disallow waiting for what is not durable in code that is replayed',
      recommended: true,
    },
    schema: [],
    messages: {
      foreign:
        "W002 Workflow '{{workflow}}' waits for {{what}}: a replay has nothing recorded to continue it with. {{instead}}.",
    },
  },
  create: (context) => {
    const reach = reachOf(context.sourceCode);
    const report = (node: Node, awaited: Node): void => {
      const workflow = reach.workflowOf(node);
      if (workflow === undefined) return;
      const foreign = foreignAt(bare(awaited), (at) => variableAt(context.sourceCode, at));
      if (foreign) context.report({ node, messageId: 'foreign', data: { ...foreign, workflow } });
    };
    return {
      AwaitExpression: (node) => {
        report(node, node.argument as Node);
      },
      ForOfStatement: (node) => {
        if (node.await) report(node, node.right as Node);
      },
    };
  },
};

interface Foreign {
  readonly what: string;
  readonly instead: string;
}
const inActivity = 'Do it in an activity or a ctx.step';

function foreignAt(awaited: Node, at: (node: Node) => Variable | undefined): Foreign | undefined {
  if (awaited.type === 'ImportExpression')
    return { what: 'a module that is loaded meanwhile', instead: 'Import it at the top of the file' };
  if (awaited.type === 'Identifier') {
    const variable = at(awaited);
    const init = variable && isModuleVariable(variable) ? initOf(variable) : undefined;
    const isPromise = init?.type === 'CallExpression' || init?.type === 'ImportExpression';
    return isPromise || (init?.type === 'NewExpression' && nameOf(init.callee) === 'Promise')
      ? { what: `\`${awaited.name}\`, a promise of its module`, instead: inActivity }
      : undefined;
  }
  if (awaited.type !== 'CallExpression') return undefined;
  const callee = bare(awaited.callee);
  if (callee.type !== 'MemberExpression') return undefined;
  const variable = at(rootOf(callee));
  const init = variable && definedBy(variable);
  if (init === undefined) return undefined;
  if (engines.has(init))
    return { what: 'an engine or a client', instead: 'Use ctx.runChild or ctx.external, or an activity' };
  return init === 'defineActivity' && memberName(callee) === 'fn'
    ? { what: 'the code of an activity', instead: 'Run it with ctx.runActivity' }
    : undefined;
}

/** Name of the function whose call, awaited or not, a variable was declared with. */
function definedBy(variable: Variable): string | undefined {
  const init = initOf(variable);
  const call = init?.type === 'AwaitExpression' ? bare(init.argument) : init;
  return call?.type === 'CallExpression' ? nameOf(call.callee) : undefined;
}

function rootOf(node: Node): Node {
  let root = node;
  for (;;) {
    if (root.type === 'MemberExpression') root = bare(root.object);
    else if (root.type === 'CallExpression') root = bare(root.callee);
    else return root;
  }
}

function nameOf(callee: unknown): string | undefined {
  const inner = bare(callee);
  if (inner.type === 'MemberExpression') return memberName(inner);
  return inner.type === 'Identifier' ? inner.name : undefined;
}

function variableAt(sourceCode: Rule.RuleContext['sourceCode'], node: Node): Variable | undefined {
  if (node.type !== 'Identifier') return undefined;
  for (
    let scope: ReturnType<typeof sourceCode.getScope> | null = sourceCode.getScope(node);
    scope;
    scope = scope.upper
  ) {
    const variable = scope.set.get(node.name);
    if (variable) return variable;
  }
  return undefined;
}
