import { InvalidArgumentError } from '../../model/errors.js';

/** A word of a query, and where it begins: characters from 1. */
export interface Token {
  readonly kind: 'name' | 'quoted name' | 'text' | 'number' | 'sign' | 'end';
  /** What it says: a text without its quotes. */
  readonly text: string;
  readonly at: number;
}

const longest = 4_096;

/** Two characters before one, so that `<=` is not taken for `<`. */
const signs = ['<=', '>=', '!=', '<>', '=', '<', '>', '(', ')', ','] as const;

export function refusedAt(at: number, message: string): InvalidArgumentError {
  return new InvalidArgumentError('The query cannot be read', [
    { path: 'query', message: `at character ${at}: ${message}` },
  ]);
}

/** One pass over the text. Throws `InvalidArgumentError`. */
export function tokensOf(query: string): readonly Token[] {
  if (query.length > longest)
    throw refusedAt(longest + 1, `a query has at most ${longest} characters, and this one ${query.length}`);
  const tokens: Token[] = [];
  let i = 0;
  const take = (kind: Token['kind'], end: number, text = query.slice(i, end)): void => {
    tokens.push({ kind, text, at: i + 1 });
    i = end;
  };
  while (i < query.length) {
    const c = query.charAt(i);
    const sign = signs.find((one) => query.startsWith(one, i));
    if (c === ' ' || c === '\n' || c === '\t' || c === '\r') i++;
    else if (sign) take('sign', i + sign.length);
    else if (c === "'") takeQuoted('text', "'");
    else if (c === '"' || c === '`') takeQuoted('quoted name', c);
    else if (isDigit(c) || c === '-' || c === '+' || c === '.') takeNumber();
    else if (isNameCharacter(c)) take('name', endOf(isNameCharacter, i));
    else throw refusedAt(i + 1, `there is no '${c}' in the language; write text in 'single quotes'`);
  }
  take('end', i, '');
  return tokens;

  function endOf(belongs: (c: string) => boolean, from: number): number {
    let end = from;
    while (end < query.length && belongs(query.charAt(end))) end++;
    return end;
  }

  /** A doubled quote stands for one. */
  function takeQuoted(kind: 'text' | 'quoted name', quote: string): void {
    let text = '';
    for (let from = i + 1; ;) {
      const end = query.indexOf(quote, from);
      if (end < 0) throw refusedAt(i + 1, `this ${quote} is never closed; inside, write ${quote} twice`);
      text += query.slice(from, end);
      if (query.charAt(end + 1) !== quote) {
        take(kind, end + 1, text);
        return;
      }
      text += quote;
      from = end + 2;
    }
  }

  function takeNumber(): void {
    const end = endOf((c) => isNameCharacter(c) || c === '+', i + 1);
    const text = query.slice(i, end);
    if (!Number.isFinite(Number(text)) || !isDigit(text.at(-1) ?? ''))
      throw refusedAt(i + 1, `'${text}' is no number; write text in 'single quotes'`);
    take('number', end);
  }
}

function isDigit(c: string): boolean {
  return c >= '0' && c <= '9';
}
/** Of names without quotes: letters, digits, `_`, `.` and `-`. */
function isNameCharacter(c: string): boolean {
  return (
    isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c === '_' || c === '.' || c === '-'
  );
}
