import type { InspectorSource, RunKey, Watched } from '@perdure/inspector/sources';
import { Refusal } from '../refusal.js';

/** What may be asked for, and who may ask: reading changes nothing, acting does. */
export interface Request {
  readonly acts: boolean;
  answer(source: InspectorSource, args: readonly unknown[]): Promise<unknown>;
}

const reads = (answer: Request['answer']): Request => ({ acts: false, answer });
const acts = (answer: Request['answer']): Request => ({ acts: true, answer });

/** By name. Each checks all of what it is given, which comes from outside; what is wrong rejects with a refusal. */
export const requests: ReadonlyMap<string, Request> = new Map([
  ['about', reads((source) => source.about())],
  ['runs', reads(async (source, [filter]) => source.runs(texts(filter, runsFilter)))],
  ['run', reads(async (source, [run]) => source.run(runKey(run)))],
  ['history', reads(async (source, [run, afterSeq]) => source.history(runKey(run), whole(afterSeq)))],
  ['activities', reads(async (source, [filter]) => source.activities(texts(filter, ['search', 'state'])))],
  ['events', reads(async (source, [filter]) => source.events(texts(filter, ['search', 'type'])))],
  [
    'start',
    acts(async (source, [request]) => {
      const { name = '', input = '', id = '' } = texts(request, ['name', 'input', 'id']);
      return source.start({ name, input, id });
    }),
  ],
  ['cancel', acts(async (source, [runs, reason]) => source.cancel(runKeys(runs), text(reason)))],
  [
    'signal',
    acts(async (source, [runs, name, input]) => source.signal(runKeys(runs), text(name), text(input))),
  ],
]);

/** What is to be watched. Throws a refusal for what is none of it. */
export function watched([what]: readonly unknown[]): Watched {
  const { kind, filter, run } = record(what);
  if (kind === 'runs') return { kind, filter: texts(filter, runsFilter) };
  if (kind === 'run') return { kind, run: runKey(run) };
  if (kind === 'events') return { kind };
  throw new Refusal("What is watched must be 'runs', 'run' or 'events'");
}

const runsFilter = ['search', 'workflowType', 'status', 'query', 'pageToken'] as const;
const mostRuns = 1_000;

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new Refusal('An argument must be an object');
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Refusal('An argument must be a text');
}

function whole(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new Refusal('An argument must be a whole number');
}

/** Only texts, and only of these names. */
function texts<N extends string>(value: unknown, names: readonly N[]): Partial<Record<N, string>> {
  const given = record(value);
  const taken: Partial<Record<N, string>> = {};
  for (const name of names) if (given[name] !== undefined) taken[name] = text(given[name]);
  return taken;
}

function runKey(value: unknown): RunKey {
  const { workflowId, runId } = record(value);
  return { workflowId: text(workflowId), runId: text(runId) };
}

function runKeys(value: unknown): readonly RunKey[] {
  if (Array.isArray(value) && value.length <= mostRuns) return value.map(runKey);
  throw new Refusal(`An argument must be a list of at most ${mostRuns} runs`);
}
