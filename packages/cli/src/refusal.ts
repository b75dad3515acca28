import { isPerdureError } from '@perdure/core';

/** Something was asked for that cannot be done: one sentence for stderr, and the exit code. */
export class Refusal extends Error {
  readonly exitCode: number;

  constructor(sentence: string, exitCode: 1 | 2 = 1) {
    super(sentence);
    this.exitCode = exitCode;
  }
}

/** The command line itself is wrong: exit code 2. */
export function misused(sentence: string): Refusal {
  return new Refusal(sentence, 2);
}

/** What a person reads of anything that was thrown. */
export function sentenceOf(error: unknown): string {
  if (error instanceof Refusal || isPerdureError(error)) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
