import { PayloadTooLargeError, type ArgumentIssue } from '../model/errors.js';
import type { TextPayload } from '../model/payload.js';

const mostNames = 100;
const longestName = 128;
const mostValueText = 10 * 1024;
const mostText = 256 * 1024;

/**
 * What a memo may be, one rule wherever it is set: names and single values as small as what is shown in lists must be,
 * and in all what a start takes. Less in all at a later door would leave a run that began with more unable to change it.
 */
export function memoIssues(
  memo: Readonly<Record<string, unknown>>,
  encode: (value: unknown) => TextPayload,
): ArgumentIssue[] {
  return Object.keys(memo).flatMap((name): ArgumentIssue[] => {
    const path = `memo.${name}`;
    if (name.length > longestName)
      return [{ path, message: `its name must not be longer than ${longestName} characters` }];
    if (encode(memo[name]).text.length > mostValueText)
      return [
        {
          path,
          message: 'must not be larger than 10 KiB: keep large values in the input, the state, or outside',
        },
      ];
    return [];
  });
}

/** What is wrong with how many values a memo has. */
export function memoCountIssues(memo: Readonly<Record<string, unknown>>): ArgumentIssue[] {
  const { length } = Object.keys(memo);
  return length > mostNames ? [{ path: 'memo', message: `must not have more than ${mostNames} values` }] : [];
}

/** Throws `PayloadTooLargeError`. */
export function checkMemoSize({ text: { length } }: TextPayload): void {
  if (length <= mostText) return;
  throw new PayloadTooLargeError(
    `The memo is larger than 256 KiB (${length} characters): keep large values in the input, the state, or outside`,
  );
}
