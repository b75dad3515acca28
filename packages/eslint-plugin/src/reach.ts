import type { Scope, SourceCode } from 'eslint';
import {
  bare,
  callOf,
  functionOf,
  importOf,
  initOf,
  isFunction,
  memberName,
  memberOf,
  parentOf,
  type Call,
  type FunctionNode,
  type Node,
  type Reference,
  type Variable,
} from './syntax.js';

/**
 * The code of a file that is replayed: functions given to `defineWorkflow`, or to `.implement` of a workflow, and the
 * functions of the same file that these call or hand on. Not what they hand to `ctx.step` and `ctx.sideEffect`, whose
 * results are recorded, and no activities.
 */
export interface Reach {
  /** What stands in replayed code and means a value, each with the workflow that it belongs to. */
  readonly references: readonly { readonly reference: Reference; readonly workflow: string }[];
  /** Name of the workflow whose code this is; undefined outside. */
  workflowOf(node: Node): string | undefined;
  /** Whether this is the `ctx` of a workflow. */
  isContext(node: Node): boolean;
  /** Whether a call of this runs an activity: it comes from `ctx.activities(…)`. */
  isStub(callee: Node): boolean;
}

/** One for each file, shared by all rules. */
export function reachOf(sourceCode: SourceCode): Reach {
  let reach = known.get(sourceCode);
  if (!reach) known.set(sourceCode, (reach = findReach(sourceCode)));
  return reach;
}

const known = new WeakMap<SourceCode, Reach>();

/** Functions that are handed to these run once, in an activity, and are not replayed. */
const recorded: ReadonlySet<string> = new Set(['step', 'sideEffect']);
const activities: ReadonlySet<string> = new Set(['defineActivity', 'mockActivity']);

function findReach(sourceCode: SourceCode): Reach {
  const references = (sourceCode.scopeManager?.scopes ?? []).flatMap(valuesOf);
  const variableOf = new Map(references.map(({ identifier, resolved }) => [identifier as Node, resolved]));
  const at = (node: Node): Variable | null | undefined => variableOf.get(bare(node));
  const workflows = new Map<FunctionNode, string>();

  const workflowOf = (node: Node): string | undefined => {
    for (let inner: Node | undefined = node; inner; inner = parentOf(inner)) {
      if (!isFunction(inner)) continue;
      if (isRunOnce(inner)) return undefined;
      const name = workflows.get(inner);
      if (name !== undefined) return name;
    }
    return undefined;
  };

  for (const reference of references) {
    const call = definitionCall(reference);
    if (!call) continue;
    const name = nameOf(call);
    const body = functionAt(call.arguments.at(-1) as Node | undefined, at);
    if (body) workflows.set(body, name);
    const implemented = implementation(call);
    const code = implemented && functionAt(implemented.arguments[0] as Node | undefined, at);
    if (code) workflows.set(code, name);
  }
  for (const { identifier, resolved } of references) {
    const call = implementation(identifier as Node);
    const code = call && functionAt(call.arguments[0] as Node | undefined, at);
    if (code && isWorkflow(resolved, code)) workflows.set(code, identifierName(identifier as Node));
  }

  for (let found = -1; found < workflows.size;) {
    found = workflows.size;
    for (const { identifier, resolved } of references) {
      const code = functionOf(resolved);
      if (!code || workflows.has(code) || isRunOnce(identifier as Node)) continue;
      const name = workflowOf(identifier as Node);
      if (name !== undefined) workflows.set(code, name);
    }
  }

  const contexts = contextsOf(sourceCode, workflows, references, at);
  const within = references.flatMap((reference) => {
    const workflow = workflowOf(reference.identifier as Node);
    return workflow === undefined ? [] : [{ reference, workflow }];
  });
  const isContext = (node: Node): boolean => {
    const variable = at(node);
    return variable !== null && variable !== undefined && contexts.has(variable);
  };
  const makesStubs = (init: unknown): boolean => {
    const call = init ? bare(init) : undefined;
    const callee = call?.type === 'CallExpression' ? bare(call.callee) : undefined;
    if (callee?.type !== 'MemberExpression' || memberName(callee) !== 'activities') return false;
    return isContext(bare(callee.object));
  };
  return {
    references: within,
    workflowOf,
    isContext,
    isStub: (callee) => {
      const object = callee.type === 'MemberExpression' ? bare(callee.object) : callee;
      const [definition] = at(object)?.defs ?? [];
      if (definition?.type !== 'Variable' || !makesStubs(definition.node.init)) return false;
      // Either `const { charge } = …` and `charge()`, or `const stubs = …` and `stubs.charge()`.
      return (definition.node.id.type === 'ObjectPattern') === (callee.type === 'Identifier');
    },
  };
}

/** Where a parser of TypeScript has read the file, names in types are references too. */
function valuesOf({ references }: Scope.Scope): readonly Reference[] {
  return references.filter(
    (one) =>
      (one as { isValueReference?: boolean }).isValueReference !== false &&
      !typePositions.has(parentOf(one.identifier as Node)?.type ?? ''),
  );
}
const typePositions: ReadonlySet<string> = new Set(['TSTypeQuery', 'TSQualifiedName']);

/** `defineWorkflow(…)`, by whatever name it was imported, or `perdure.defineWorkflow(…)`. */
function definitionCall({ identifier, resolved }: Reference): Call | undefined {
  const imported = importOf(resolved);
  if (imported?.name === 'defineWorkflow') return callOf(identifier as Node);
  if (imported?.name !== '*') return undefined;
  const member = memberOf(identifier as Node);
  return member && memberName(member) === 'defineWorkflow' ? callOf(member) : undefined;
}

function nameOf(call: Call): string {
  const [name] = call.arguments;
  return name?.type === 'Literal' && typeof name.value === 'string' ? name.value : 'workflow';
}

function identifierName(node: Node): string {
  return node.type === 'Identifier' ? node.name : 'workflow';
}

/** `object.implement(…)` */
function implementation(object: Node): Call | undefined {
  const member = memberOf(object);
  return member && memberName(member) === 'implement' ? callOf(member) : undefined;
}

/** Activities are implemented too: a definition from elsewhere is told by what its code takes first. */
function isWorkflow(variable: Variable | null, code: FunctionNode): boolean {
  const init = initOf(variable);
  if (init?.type === 'CallExpression') return calleeName(init) === 'defineWorkflow';
  return importOf(variable) !== undefined && isContextParameter(code.params[0] as Node | undefined);
}

function calleeName({ callee }: Call): string | undefined {
  const inner = bare(callee);
  if (inner.type === 'MemberExpression') return memberName(inner);
  return inner.type === 'Identifier' ? inner.name : undefined;
}

function isContextParameter(parameter: Node | undefined): boolean {
  if (parameter?.type !== 'Identifier') return false;
  const { name, typeAnnotation } = parameter as { name: string; typeAnnotation?: TypeAnnotation };
  const type = typeAnnotation?.typeAnnotation?.typeName?.name;
  return type === undefined ? name === 'ctx' : type === 'WorkflowContext';
}
interface TypeAnnotation {
  readonly typeAnnotation?: { readonly typeName?: { readonly name?: string } };
}

function functionAt(
  node: Node | undefined,
  at: (node: Node) => Variable | null | undefined,
): FunctionNode | undefined {
  if (!node) return undefined;
  const inner = bare(node);
  return isFunction(inner) ? inner : functionOf(at(inner));
}

/** Whether this is handed to something that runs it outside of replay. */
function isRunOnce(node: Node): boolean {
  const call = parentOf(node);
  if (call?.type !== 'CallExpression' || !(call.arguments as Node[]).includes(node)) return false;
  const callee = bare(call.callee);
  const name = calleeName(call) ?? '';
  if (callee.type === 'MemberExpression' && recorded.has(name)) return true;
  return activities.has(name);
}

/** Variables that are the `ctx` of a workflow: its first parameter, and parameters that it is handed on as. */
function contextsOf(
  sourceCode: SourceCode,
  workflows: ReadonlyMap<FunctionNode, string>,
  references: readonly Reference[],
  at: (node: Node) => Variable | null | undefined,
): ReadonlySet<Variable> {
  const contexts = new Set<Variable>();
  const add = (code: FunctionNode, index: number): void => {
    const parameter = code.params[index] as Node | undefined;
    if (parameter?.type !== 'Identifier') return;
    const variable = sourceCode
      .getDeclaredVariables(code as Parameters<SourceCode['getDeclaredVariables']>[0])
      .find(({ name, defs }) => name === parameter.name && defs.some(({ type }) => type === 'Parameter'));
    if (variable) contexts.add(variable);
  };
  for (const code of workflows.keys())
    code.params.forEach((parameter, index) => {
      if (isContextParameter(parameter as Node)) add(code, index);
    });
  for (const reference of references) {
    const call = definitionCall(reference) ?? implementation(reference.identifier as Node);
    const body = call && bare(call.arguments.at(-1) ?? call);
    if (isFunction(body) && workflows.has(body)) add(body, 0);
  }
  for (let found = -1; found < contexts.size;) {
    found = contexts.size;
    for (const { identifier, resolved } of references) {
      const code = functionOf(resolved);
      const call = callOf(identifier as Node);
      if (!code || !call) continue;
      call.arguments.forEach((argument, index) => {
        const passed = at(argument as Node);
        if (passed && contexts.has(passed)) add(code, index);
      });
    }
  }
  return contexts;
}
