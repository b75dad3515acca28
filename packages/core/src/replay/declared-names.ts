/** The messages that a workflow type declares, by name. */
export type DeclaredKinds = Readonly<Record<string, { readonly kind: string }>>;

/** The names of the messages of a kind that a type declares; undefined where it declares none at all, and takes any. */
export function declaredNames(
  declared: DeclaredKinds | undefined,
  kind: string,
): readonly string[] | undefined {
  const names = Object.keys(declared ?? {});
  return names.length === 0 ? undefined : names.filter((name) => declared?.[name]?.kind === kind);
}

/** What is said of a message that its type does not declare. */
export function undeclared(kind: string, type: string, name: string, known: readonly string[]): string {
  const listed = known.length > 0 ? known.map((one) => `'${one}'`).join(', ') : 'none';
  return `workflow '${type}' has no ${kind} '${name}'; it declares ${listed}`;
}
