import type { Rule, Scope } from 'eslint';

/** A node with its parent, as rules see it. */
export type Node = Rule.Node;
export type Call = Extract<Node, { type: 'CallExpression' }>;
export type Member = Extract<Node, { type: 'MemberExpression' }>;
export type FunctionNode = Extract<
  Node,
  { type: 'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression' }
>;
export type Reference = Scope.Reference;
export type Variable = Scope.Variable;

/** What types wrap an expression in, and changes nothing of it. */
const wrappers: ReadonlySet<string> = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'ParenthesizedExpression',
  'ChainExpression',
]);

/** The expression itself, without what types and optional chains put around it. */
export function bare(node: unknown): Node {
  let inner = node as Node;
  while (wrappers.has(inner.type)) inner = (inner as unknown as { expression: Node }).expression;
  return inner;
}

/** The outermost wrapper of an expression. */
export function wrapped(node: Node): Node {
  let outer = node;
  for (let parent = parentOf(outer); parent && wrappers.has(parent.type); parent = parentOf(outer))
    outer = parent;
  return outer;
}

export function parentOf(node: Node): Node | undefined {
  return (node as { parent?: Node | null }).parent ?? undefined;
}

export function isFunction(node: Node | undefined): node is FunctionNode {
  return (
    node?.type === 'FunctionDeclaration' ||
    node?.type === 'FunctionExpression' ||
    node?.type === 'ArrowFunctionExpression'
  );
}

/** The member's name, where it is written down; undefined for `object[expression]`. */
export function memberName({ property, computed }: Member): string | undefined {
  if (!computed) return property.type === 'Identifier' ? property.name : undefined;
  return property.type === 'Literal' && typeof property.value === 'string' ? property.value : undefined;
}

/** The call whose callee this is. */
export function callOf(callee: Node): Call | undefined {
  const outer = wrapped(callee);
  const parent = parentOf(outer);
  return parent?.type === 'CallExpression' && (parent.callee as Node) === outer ? parent : undefined;
}

/** The member that is taken of this object. */
export function memberOf(object: Node): Member | undefined {
  const outer = wrapped(object);
  const parent = parentOf(outer);
  return parent?.type === 'MemberExpression' && (parent.object as Node) === outer ? parent : undefined;
}

/** `a.b.c` from its first identifier on: the names, and the expression that ends with each of them. */
export function pathFrom(identifier: Node): { readonly names: string[]; readonly nodes: Node[] } {
  const names = [(identifier as { name?: string }).name ?? ''];
  const nodes: Node[] = [identifier];
  for (let member = memberOf(identifier); member; member = memberOf(member)) {
    const name = memberName(member);
    if (name === undefined) break;
    names.push(name);
    nodes.push(member);
  }
  return { names, nodes };
}

/** What a variable was declared with: `const name = init`. */
export function initOf(variable: Variable | null | undefined): Node | undefined {
  const [definition] = variable?.defs ?? [];
  if (definition?.type !== 'Variable' || definition.node.id.type !== 'Identifier') return undefined;
  return definition.node.init ? bare(definition.node.init) : undefined;
}

/** The function that a variable is. */
export function functionOf(variable: Variable | null | undefined): FunctionNode | undefined {
  const [definition] = variable?.defs ?? [];
  if (definition?.type === 'FunctionName') return definition.node as FunctionNode;
  const init = initOf(variable);
  return isFunction(init) ? init : undefined;
}

/** What a variable was imported as, and from where; `*` for all of the module. Undefined where it only carries a type. */
export function importOf(
  variable: Variable | null | undefined,
): { readonly module: string; readonly name: string } | undefined {
  const [definition] = variable?.defs ?? [];
  if (definition?.type !== 'ImportBinding') return undefined;
  const { node, parent } = definition as unknown as {
    node: { type: string; imported?: { name?: string; value?: string }; importKind?: string };
    parent: { source: { value: string }; importKind?: string };
  };
  if (node.importKind === 'type' || parent.importKind === 'type') return undefined;
  const module = parent.source.value;
  if (node.type === 'ImportNamespaceSpecifier') return { module, name: '*' };
  if (node.type === 'ImportDefaultSpecifier') return { module, name: 'default' };
  return { module, name: node.imported?.name ?? node.imported?.value ?? '' };
}

/** Declared by the module itself, outside of every function. */
export function isModuleVariable({ scope, defs }: Variable): boolean {
  return defs.length > 0 && (scope.type === 'module' || scope.type === 'global');
}
