import type { Rule } from 'eslint';
import { reachOf, type Reach } from './reach.js';
import { bare, memberName, type Call, type Node } from './syntax.js';

/** Members of `ctx` that begin something durable and give a task for it. */
const begins: ReadonlySet<string> = new Set([
  ...['runActivity', 'step', 'runChild', 'sleep', 'sleepUntil', 'waitSignal', 'waitCondition'],
  ...['all', 'allSettled', 'race', 'any', 'map', 'scope', 'nonCancellable', 'withTimeout', 'saga'],
]);

/** Durable work that is begun, and whose end nobody looks at. */
export const noFloatingTask: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'require tasks of ctx to be awaited, kept, or left on purpose', recommended: true },
    hasSuggestions: true,
    schema: [],
    messages: {
      floating:
        "W003 Nobody waits for `{{what}}` in workflow '{{workflow}}': a failure of it is lost, and the run may end before it. Await it, keep it, or write `void` in front of it.",
      await: 'Await it.',
      leave: 'Leave it on purpose.',
    },
  },
  create: (context) => {
    const reach = reachOf(context.sourceCode);
    return {
      ExpressionStatement: (node) => {
        const workflow = reach.workflowOf(node);
        const what = workflow === undefined ? undefined : taskOf(bare(node.expression), reach);
        if (workflow === undefined || what === undefined) return;
        const prefix = (text: string) => (fixer: Rule.RuleFixer) => fixer.insertTextBefore(node, text);
        context.report({
          node,
          messageId: 'floating',
          data: { what, workflow },
          suggest: [
            { messageId: 'await', fix: prefix('await ') },
            { messageId: 'leave', fix: prefix('void ') },
          ],
        });
      },
    };
  },
};

/** What a call that gives a task is called; undefined where it gives none, or where its failure is looked at. */
function taskOf(call: Node, reach: Reach): string | undefined {
  if (call.type !== 'CallExpression') return undefined;
  const callee = bare(call.callee);
  if (reach.isStub(callee)) return nameOf(callee);
  if (callee.type !== 'MemberExpression') return undefined;
  const name = memberName(callee) ?? '';
  const object = bare(callee.object);
  if (reach.isContext(object)) return begins.has(name) ? `ctx.${name}` : undefined;
  const goesOn = name === 'finally' || (name === 'then' && call.arguments.length < 2);
  if (goesOn) return taskOf(object, reach);
  const isOutside = name === 'signal' || name === 'cancel';
  return isOutside && isExternal(object, reach) ? `ctx.external().${name}` : undefined;
}

function nameOf(callee: Node): string | undefined {
  if (callee.type === 'MemberExpression') return memberName(callee);
  return callee.type === 'Identifier' ? callee.name : undefined;
}

function isExternal(object: Node, reach: Reach): object is Call {
  if (object.type !== 'CallExpression') return false;
  const callee = bare(object.callee);
  return (
    callee.type === 'MemberExpression' &&
    memberName(callee) === 'external' &&
    reach.isContext(bare(callee.object))
  );
}
