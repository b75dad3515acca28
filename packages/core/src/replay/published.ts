import { readLimits } from '../codec/limits.js';
import { checkMemoSize, memoCountIssues, memoIssues } from '../codec/memo-limits.js';
import { decodeValue } from '../codec/values.js';
import { InvalidArgumentError, PayloadTooLargeError, type ArgumentIssue } from '../model/errors.js';
import type { MemoUpserted, RunEvent, SearchAttributesUpserted, WorkflowStarted } from '../model/events.js';
import { asText, samePayload, type Payload, type TextPayload } from '../model/payload.js';
import {
  attributeConflicts,
  misfit,
  misfitIssue,
  type AttributeMisfit,
  searchAttributeIssues,
  type RegisteredAttributes,
  type SearchAttributeSchema,
} from '../model/search-attributes.js';
import type { Recorder } from './recorder.js';

type Values = Readonly<Record<string, unknown>>;
type Upserted = SearchAttributesUpserted | MemoUpserted;

const most = 100;
const mostText = 64 * 1024;

/** What a run shows of itself besides its state: what it was started with, and what its code has set since. */
export class Published {
  /** All of them, once code has changed any. */
  searchAttributes: Values | undefined;
  /** All of it, once code has changed anything. */
  memo: Values | undefined;
  readonly #recorder: Recorder;
  readonly #started: WorkflowStarted;
  readonly #declared: SearchAttributeSchema | undefined;
  readonly #registered: RegisteredAttributes;
  readonly #encode: (value: unknown) => TextPayload;

  constructor(
    recorder: Recorder,
    started: WorkflowStarted,
    declared: SearchAttributeSchema | undefined,
    registered: RegisteredAttributes = new Map(),
    encode: (value: unknown) => TextPayload,
  ) {
    this.#recorder = recorder;
    this.#started = started;
    this.#declared = declared;
    this.#registered = registered;
    this.#encode = encode;
  }

  upsertSearchAttributes(values: Values): void {
    const before = (this.searchAttributes ??= valuesOf(this.#started.searchAttributes));
    this.searchAttributes = this.#upsert('SearchAttributesUpserted', before, values, (merged) => {
      const size = this.#encode(merged).text.length;
      if (size > mostText)
        throw new PayloadTooLargeError(
          `The search attributes would be larger than 64 KiB (${size} characters): keep large values in the memo, the state, or outside`,
        );
      return [
        ...(Object.keys(merged).length > most
          ? [{ path: '', message: `must not be more than ${most}` }]
          : []),
        ...searchAttributeIssues(values, this.#declared),
        ...attributeConflicts(before, values),
      ];
    });
  }

  upsertMemo(values: Values): void {
    const before = (this.memo ??= valuesOf(this.#started.memo));
    this.memo = this.#upsert('MemoUpserted', before, values, (merged) => {
      checkMemoSize(this.#encode(merged));
      return [...memoCountIssues(merged), ...memoIssues(values, this.#encode)];
    });
  }

  /**
   * What is recorded here with these values was accepted, whatever is declared and allowed now; a refusal leaves nothing
   * behind. Only what the namespace has registered is no matter of the code, so a refusal for its sake is recorded.
   */
  #upsert(
    type: Upserted['type'],
    before: Values,
    values: Values,
    check: (merged: Values) => ArgumentIssue[],
  ): Values {
    if (typeof values !== 'object' || (values as unknown) === null || Array.isArray(values))
      throw refused([{ path: '', message: 'must be an object with a value for each name' }]);
    const encoded = this.#encode(values);
    const next = this.#recorder.next();
    let unfit: AttributeMisfit | undefined;
    if (!(next?.type === type && samePayload(next.values, encoded))) {
      const issues = check(merge(before, values));
      if (issues.length > 0) throw refused(issues);
      if (type === 'SearchAttributesUpserted') unfit = misfit(values, this.#registered);
    }
    const event = this.#recorder.emit<Upserted>({ type, values: encoded, ...(unfit && { refused: unfit }) });
    if ('refused' in event) throw refused([misfitIssue(event.refused)]);
    return merge(before, valuesOf(event.values));
  }
}

/** What a run shows after these events. Their payloads can be read again. */
export function publishedAfter(events: readonly RunEvent[]): {
  readonly searchAttributes: Values;
  readonly memo: Values;
} {
  let searchAttributes: Values = {};
  let memo: Values = {};
  for (const event of events) {
    if (event.type === 'WorkflowStarted') {
      searchAttributes = copyOf(event.searchAttributes);
      memo = copyOf(event.memo);
    } else if (event.type === 'SearchAttributesUpserted' && !event.refused)
      searchAttributes = merge(searchAttributes, copyOf(event.values));
    else if (event.type === 'MemoUpserted') memo = merge(memo, copyOf(event.values));
  }
  return { searchAttributes, memo };
}

function merge(before: Values, values: Values): Values {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const all = Object.entries({ ...before, ...Object.fromEntries(given) });
  return Object.fromEntries(all.filter(([name]) => values[name] !== null));
}

function copyOf(payload: Payload | undefined): Values {
  return valuesOf(payload && asText(payload));
}

function valuesOf(payload: Payload | undefined): Values {
  return payload ? (decodeValue(payload, readLimits) as Values) : {};
}

function refused(issues: readonly ArgumentIssue[]): InvalidArgumentError {
  return new InvalidArgumentError('The run cannot show this', issues);
}
