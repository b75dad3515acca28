import {
  defineActivity,
  defineWorkflow,
  NondeterminismError,
  replay,
  type HistoryBundle,
  type WorkflowContext,
  type WorkflowImplementation,
} from '@perdure/core';
import { expect, test } from 'vitest';
import { open, rejection } from './kit.js';

/** An error as another line of another file would have made it. */
function from(place: string, message = 'wrong', more: object = {}): Error {
  return Object.defineProperty(Object.assign(new Error(message), more), 'stack', {
    value: `Error\n at ${place}`,
  });
}

const report = defineActivity('report', (value: unknown) => String(value));
const inner = defineWorkflow('inner', async (_ctx, value: unknown) => String(value));
type Given = (place: string) => unknown;

/** Hands the value on in every way that is compared on replay. */
function handsOn(place: string, given: Given): WorkflowImplementation<void, string> {
  return defineWorkflow('handsOn', async (ctx) => {
    await ctx.runActivity(report, given(place));
    await ctx.runChild(inner, given(place));
    await ctx.external(ctx.info.workflowId).signal('self', given(place));
    ctx.setState(given(place));
    ctx.upsertMemo({ error: given(place) });
    await ctx.sleep('1s');
    return 'done';
  });
}

async function recorded(given: Given): Promise<HistoryBundle> {
  const workflow = handsOn('old.ts:1', given);
  const engine = await open({ workflows: [workflow, inner], activities: [report] });
  const handle = await engine.start(workflow);
  await handle.result();
  return handle.exportHistory();
}

test.each<[string, Given]>([
  ['an error', (place) => from(place)],
  ['an error in a list in a Map', (place) => new Map([['errors', [from(place), from(place, 'two')]]])],
  ['an error with its causes', (place) => new Error('outer', { cause: from(place, 'inner', { code: 7n }) })],
])('F8 A19 %s is the same value wherever the code stands that made it', async (_, given) => {
  const bundle = await recorded(given);
  expect((await replay([handsOn('new.ts:99', given)], bundle)).output).toBe('done');
});

test.each<[string, Given, Given]>([
  ['message', (place) => from(place, 'one'), (place) => from(place, 'other')],
  ['member', (place) => from(place, 'e', { code: 1 }), (place) => from(place, 'e', { code: 2 })],
  ['cause', (place) => new Error('e', { cause: from(place) }), (place) => new Error('e', { cause: place })],
  ['neighbour', (place) => [from(place), 1n], (place) => [from(place), 2n]],
])('F8 A19 an error with another %s is another value, and the report says so', async (_, was, is) => {
  const bundle = await recorded(was);
  const error = await rejection(NondeterminismError, replay([handsOn('new.ts:99', is)], bundle));
  expect(error.details).toMatchObject({ differs: ['input'], cause: 'changed_input' });
});

test('A19 inputs that differ beyond what a report shows of them differ all the same', async () => {
  const far =
    (end: string): Given =>
    () =>
      'x'.repeat(500) + end;
  const bundle = await recorded(far('one'));
  const error = await rejection(NondeterminismError, replay([handsOn('', far('other'))], bundle));
  expect(error.details).toMatchObject({ differs: ['input'], cause: 'changed_input' });
});

test('F8 a workflow may tell an activity what it has caught, and be replayed anywhere', async () => {
  const failing = defineActivity('failing', { retry: { maximumAttempts: 1 } }, () => {
    throw new TypeError('no');
  });
  const tells = async (ctx: WorkflowContext): Promise<string> => {
    const caught = await ctx.runActivity(failing).catch((error: unknown) => error);
    return ctx.runActivity(report, { caught });
  };
  const workflow = defineWorkflow('tells', tells);
  const engine = await open({ workflows: [workflow], activities: [failing, report] });
  const handle = await engine.start(workflow);
  await handle.result();
  const moved = defineWorkflow('tells', async (ctx) => [await tells(ctx)].join());
  expect((await replay([moved], await handle.exportHistory())).status).toBe('completed');
});
