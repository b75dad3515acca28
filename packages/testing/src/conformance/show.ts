/** A value on one line, bounded, with everything that is not plain ASCII escaped. */
export function show(value: unknown, longest = 600): string {
  const text = shown(value);
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length} characters)`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (value instanceof Error) {
    const { code } = value as { readonly code?: unknown };
    const details = typeof code === 'string' ? ` [${code}]` : '';
    return `${value.name}${details}: ${value.message}`;
  }
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? `${inner}n` : shortened(inner),
  ) as string | undefined;
  return escaped(text ?? typeof value);
}

function shortened(value: unknown): unknown {
  return typeof value === 'string' && value.length > 120
    ? `${value.slice(0, 100)}… (${value.length} characters)`
    : value;
}

function escaped(text: string): string {
  return text.replace(/[^\x20-\x7e…]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
