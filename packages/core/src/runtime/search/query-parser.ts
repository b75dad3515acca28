import { workflowStatuses, statusHint } from '../../model/status.js';
import type { RunField, RunFilter } from '../../storage/filter.js';
import {
  systemAttribute,
  systemAttributes,
  type SearchAttributeTypeName,
} from '../../model/search-attributes.js';
import { refusedAt, tokensOf, type Token } from './query-tokens.js';

/** What a query asks for. */
export interface ParsedQuery {
  readonly where?: RunFilter;
  readonly oldestFirst: boolean;
}

/** Without quotes, in capitals or small letters. */
const mostTerms = 100;
const mostLevels = 20;

type Comparison = Extract<RunFilter, { readonly kind: 'compare' }>;
type Type = SearchAttributeTypeName | 'status' | 'unknown';

/**
 * Reads a query:
 *
 * ```
 * query = [ any ] [ ORDER BY StartTime [ ASC | DESC ] ]
 * any   = all { OR all }
 * all   = one { AND one }
 * one   = NOT one | '(' any ')' | name test
 * test  = ( '=' | '!=' | '<' | '<=' | '>' | '>=' ) value
 *       | [ NOT ] IN '(' value { ',' value } ')' | [ NOT ] BETWEEN value AND value | [ NOT ] STARTS_WITH text
 *       | IS [ NOT ] NULL
 * value = 'text' | number | TRUE | FALSE
 * ```
 *
 * `types` are those of attributes that are known; a comparison with any other one takes values of every type. Throws
 * `InvalidArgumentError` that says where, and what was expected.
 */
export function parseQuery(query: string, types: ReadonlyMap<string, SearchAttributeTypeName>): ParsedQuery {
  return new Parser(tokensOf(query), types).query();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #types: ReadonlyMap<string, SearchAttributeTypeName>;
  #next = 0;
  #terms = 0;
  #levels = 0;

  constructor(tokens: readonly Token[], types: ReadonlyMap<string, SearchAttributeTypeName>) {
    this.#tokens = tokens;
    this.#types = types;
  }

  query(): ParsedQuery {
    const where = this.#is('ORDER') || this.#token.kind === 'end' ? undefined : this.#any();
    const oldestFirst = this.#take('ORDER') && this.#order();
    if (this.#token.kind !== 'end') throw this.#expected(where ? 'AND, OR, ORDER BY or the end' : 'the end');
    return { ...(where && { where }), oldestFirst };
  }

  #order(): boolean {
    this.#need('BY');
    const token = this.#token;
    if (token.text !== 'StartTime')
      throw this.#expected('StartTime, the one order in which pages stay where they are');
    this.#next++;
    if (this.#take('DESC')) return false;
    this.#take('ASC');
    return true;
  }

  #any(): RunFilter {
    const of = [this.#all()];
    while (this.#take('OR')) of.push(this.#all());
    return joined('or', of);
  }

  #all(): RunFilter {
    const of = [this.#one()];
    while (this.#take('AND')) of.push(this.#one());
    return joined('and', of);
  }

  #one(): RunFilter {
    if (++this.#levels > mostLevels)
      throw refusedAt(this.#token.at, `a query has at most ${mostLevels} levels`);
    try {
      if (this.#take('NOT')) return { kind: 'not', of: this.#one() };
      if (!this.#take('(')) return this.#test();
      const inner = this.#any();
      this.#need(')');
      return inner;
    } finally {
      this.#levels--;
    }
  }

  #test(): RunFilter {
    const token = this.#token;
    if (token.kind !== 'name' && token.kind !== 'quoted name')
      throw this.#expected('the name of an attribute, NOT or (');
    const [field, type] = this.#field(token);
    this.#next++;
    if (this.#take('IS')) {
      const isSet: RunFilter = { kind: 'set', field };
      const wanted = this.#take('NOT');
      this.#need('NULL');
      return wanted ? isSet : { kind: 'not', of: isSet };
    }
    const isNot = this.#take('NOT');
    const compare = (is: Comparison['is']): Comparison => this.#comparison(field, type, is);
    let test: RunFilter;
    if (this.#take('IN')) test = this.#in(compare);
    else if (this.#take('BETWEEN')) {
      const from = compare('>=');
      this.#need('AND');
      test = { kind: 'and', of: [from, compare('<=')] };
    } else if (this.#take('STARTS_WITH')) test = compare('starts');
    else if (isNot) throw this.#expected('IN, BETWEEN or STARTS_WITH');
    else return this.#simple(compare);
    return isNot ? { kind: 'not', of: test } : test;
  }

  #simple(compare: (is: Comparison['is']) => Comparison): RunFilter {
    for (const is of ['=', '<=', '>=', '<', '>'] as const) if (this.#take(is)) return compare(is);
    if (this.#take('!=') || this.#take('<>')) return { kind: 'not', of: compare('=') };
    throw this.#expected('=, !=, <, <=, >, >=, IN, BETWEEN, STARTS_WITH or IS');
  }

  #in(compare: (is: Comparison['is']) => Comparison): RunFilter {
    this.#need('(');
    const of: RunFilter[] = [];
    do of.push(compare('='));
    while (this.#take(','));
    this.#need(')');
    return joined('or', of);
  }

  #field({ kind, text, at }: Token): readonly [RunField, Type] {
    const system = systemAttribute(text);
    if (system === undefined || kind === 'quoted name') {
      if (kind === 'name' && keywords.has(text.toUpperCase()))
        throw refusedAt(at, `'${text}' is a word of the language; write the attribute as "${text}"`);
      return [{ attribute: text }, this.#types.get(text) ?? 'unknown'];
    }
    if (system !== text) throw refusedAt(at, `there is no '${text}'; did you mean ${system}?`);
    const { type, ...field } = systemAttributes[system];
    return [field, system === 'Status' ? 'status' : type];
  }

  #comparison(field: RunField, type: Type, is: Comparison['is']): Comparison {
    const token = this.#token;
    if (++this.#terms > mostTerms) throw refusedAt(token.at, `a query has at most ${mostTerms} comparisons`);
    if (!operatorsOf(type).includes(is))
      throw refusedAt(token.at, `${type === 'status' ? 'Status' : `type ${type}`} has no order: use = or IN`);
    const literal = this.#literal(type);
    const { value, at } = literal;
    const fits = type === 'unknown' ? is !== 'starts' || typeof value === 'string' : isOf(type, is, literal);
    if (!fits)
      throw refusedAt(token.at, `expected ${is === 'starts' ? 'text in single quotes' : wants[type]}`);
    if (type === 'status' && !workflowStatuses.includes(value as never))
      throw refusedAt(token.at, `'${String(value)}' is no status; ${statusHint(String(value))}`);
    this.#next++;
    if ('column' in field && type === 'datetime') return { kind: 'compare', field, is, value: at as number };
    const asMoment = at !== undefined && (type === 'datetime' || type === 'unknown');
    return { kind: 'compare', field, is, value, ...(asMoment && { at }) };
  }

  #literal(type: Type): { readonly value: string | number | boolean; readonly at?: number } {
    const { kind, text } = this.#token;
    if (kind === 'number') return { value: Number(text) };
    if (this.#is('TRUE') || this.#is('FALSE')) return { value: this.#is('TRUE') };
    if (kind !== 'text') throw this.#expected(wants[type]);
    const at = momentOf(text);
    return { value: text, ...(at !== undefined && { at }) };
  }

  get #token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  /** Whether the next token is this sign, or this word of the language. */
  #is(word: string): boolean {
    const { kind, text } = this.#token;
    return kind === 'sign' ? text === word : kind === 'name' && text.toUpperCase() === word;
  }
  #take(word: string): boolean {
    const found = this.#is(word);
    if (found) this.#next++;
    return found;
  }
  #need(word: string): void {
    if (!this.#take(word)) throw this.#expected(word);
  }

  #expected(what: string): Error {
    const { kind, text, at } = this.#token;
    return refusedAt(at, `expected ${what}, and found ${kind === 'end' ? 'the end' : `'${text}'`}`);
  }
}

const keywords: ReadonlySet<string> = new Set([
  ...['AND', 'OR', 'NOT', 'IN', 'BETWEEN', 'STARTS_WITH', 'IS', 'NULL', 'TRUE', 'FALSE', 'ORDER', 'BY'],
]);

const wants: Readonly<Record<Type, string>> = {
  keyword: 'text in single quotes',
  text: 'text in single quotes',
  keyword_list: 'text in single quotes',
  status: 'a status in single quotes',
  int: 'a number',
  double: 'a number',
  bool: 'TRUE or FALSE',
  datetime: "a time as in '2026-01-31T09:30:00Z'",
  unknown: 'text in single quotes, a number, TRUE or FALSE',
};

function operatorsOf(type: Type): readonly Comparison['is'][] {
  if (type === 'status') return ['='];
  if (type === 'bool' || type === 'keyword_list') return ['=', 'starts'];
  return ['=', '<', '<=', '>', '>=', 'starts'];
}

function isOf(
  type: Exclude<Type, 'unknown'>,
  is: Comparison['is'],
  { value, at }: { readonly value: string | number | boolean; readonly at?: number },
): boolean {
  switch (type) {
    case 'int':
    case 'double':
      return typeof value === 'number' && is !== 'starts';
    case 'bool':
      return typeof value === 'boolean' && is !== 'starts';
    case 'datetime':
      return at !== undefined && is !== 'starts';
    case 'keyword':
    case 'text':
    case 'keyword_list':
    case 'status':
      return typeof value === 'string';
  }
}

/** A day, or a time with its distance from UTC: what means the same on every computer. */
const iso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

function momentOf(text: string): number | undefined {
  const at = iso.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? undefined : at;
}

function joined(kind: 'and' | 'or', of: readonly RunFilter[]): RunFilter {
  const [only] = of;
  return of.length === 1 && only ? only : { kind, of };
}
