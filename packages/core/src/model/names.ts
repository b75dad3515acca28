const nameGrammar = /^(?! )[^\p{Cc}\p{Cs}]{1,191}(?<! )$/u;

/** Names of workflows and activities: 1 to 191 characters without control characters, not beginning or ending with a space. */
export function isValidName(name: unknown): name is string {
  return typeof name === 'string' && nameGrammar.test(name);
}

/** What a refused name is told. */
export const nameMessage =
  'must be 1 to 191 characters without control characters, not beginning or ending with a space';
