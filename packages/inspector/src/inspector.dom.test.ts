import { createEngine, defineActivity, defineWorkflow, signal, type Engine } from '@perdure/core';
import { memory } from '@perdure/memory';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  bundleSource,
  clientSource,
  defineInspector,
  type InspectorSource,
  type PerdureInspector,
} from './index.js';

const pack = defineActivity('pack', (item: string): string => {
  if (item === 'glass') throw new Error('<b>it broke</b>');
  return `${item}, packed`;
});
const order = defineWorkflow(
  'order',
  { messages: { approve: signal<{ by: string }>() } },
  async (ctx, item: string) => {
    const packed = await ctx.runActivity(pack, item, { retry: { maximumAttempts: 1 } });
    const { by } = await ctx.waitSignal('approve');
    return `${packed}, approved by ${by}`;
  },
);

let engine: Engine;
let inspector: PerdureInspector;

beforeEach(async () => {
  engine = await createEngine({ storage: memory(), workflows: [order], activities: [pack] });
});
afterEach(async () => {
  inspector.remove();
  await engine.close();
});

function open(source: InspectorSource = clientSource(engine, { workflows: [order] })): void {
  defineInspector();
  inspector = document.createElement('perdure-inspector');
  inspector.source = source;
  document.body.append(inspector);
}

const root = (): ShadowRoot => inspector.shadowRoot!;
const all = <E extends Element = HTMLElement>(selector: string): E[] => [
  ...root().querySelectorAll<E>(selector),
];
const seen = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 10 });
const press = (name: string): void =>
  all<HTMLButtonElement>('button')
    .find((one) => one.textContent === name)!
    .click();
const rows = (caption: string): string[][] =>
  all<HTMLTableElement>('table')
    .filter((table) => table.querySelector('caption')?.textContent?.startsWith(caption))
    .flatMap((table) => [...table.querySelectorAll('tbody tr')])
    .map((row) => [...row.children].map((cell) => cell.textContent ?? ''));

/** Fills the fields of a form in and sends it off. */
function fill(label: string, values: Readonly<Record<string, string>>): void {
  const form = all<HTMLFormElement>('form').find((one) => one.getAttribute('aria-label') === label)!;
  for (const [name, value] of Object.entries(values))
    form.querySelector<HTMLInputElement>(`[name="${name}"]`)!.value = value;
  form.querySelector('button')!.click();
}

test('A25 runs are listed, live, and filtered by id, type, status and query', async () => {
  open();
  await seen(() => expect(all('caption')[0]?.textContent).toBe('Runs: none'));
  await engine.start(order, 'lamp', { id: 'lamp-1' });
  await seen(() =>
    expect(rows('Runs').map(([, id, type, status]) => [id, type, status])).toEqual([
      ['lamp-1', 'order', 'waiting'],
    ]),
  );
  await engine.start(order, 'glass', { id: 'glass-1' });
  await seen(() =>
    expect(rows('Runs').map(([, id, , status]) => [id, status])).toEqual([
      ['glass-1', 'failed'],
      ['lamp-1', 'waiting'],
    ]),
  );
  for (const filter of [{ search: 'gl' }, { status: 'failed' }, { query: "WorkflowId = 'glass-1'" }]) {
    fill('Filter runs', { search: '', status: '', query: '', ...filter });
    await seen(() => expect(rows('Runs').map(([, id]) => id)).toEqual(['glass-1']));
    fill('Filter runs', { search: '', status: '', query: '' });
    await seen(() => expect(rows('Runs')).toHaveLength(2));
  }
  fill('Filter runs', { workflowType: 'other' });
  await seen(() => expect(rows('Runs')).toEqual([]));
  fill('Filter runs', { workflowType: '', query: 'Status = ' });
  await seen(() =>
    expect(
      all('[role=alert]')
        .map((one) => one.textContent)
        .join(''),
    ).toContain('query'),
  );
});

test('A25 a run is opened with its activities and its whole history, which go on while it does', async () => {
  const handle = await engine.start(order, 'lamp', { id: 'lamp-1' });
  open();
  await seen(() => expect(rows('Runs')).toHaveLength(1));
  press('lamp-1');
  await seen(() =>
    expect(rows('History').map(([seq, , type]) => [seq, type])).toContainEqual(['1', 'WorkflowStarted']),
  );
  await seen(() =>
    expect(rows('Activities').map(([type, state, , , about]) => [type, state, about])).toEqual([
      ['pack', 'completed', '"lamp, packed"'],
    ]),
  );
  expect(root().activeElement?.textContent).toBe('lamp-1');
  await handle.signal('approve', { by: 'Ada' });
  await seen(() =>
    expect(rows('History').at(-1)?.slice(2)).toEqual([
      'WorkflowCompleted',
      'result="lamp, packed, approved by Ada"',
    ]),
  );
  expect(rows('History').map(([seq]) => Number(seq))).toEqual(rows('History').map((_, i) => i + 1));
  await seen(() => expect(all('.detail dd').map((one) => one.textContent)).toContain('completed'));
  press('Close');
  expect(all('.detail')).toEqual([]);
});

test('A25 a workflow is started from a name and JSON; what cannot be is refused in words', async () => {
  open();
  await seen(() => expect(all('form')).not.toEqual([]));
  const told = (): string =>
    all('[role=alert]')
      .map((one) => one.textContent)
      .join('');
  fill('Start a workflow', { name: 'oder', input: '' });
  await seen(() => expect(told()).toBe("There is no workflow 'oder'; registered: order"));
  fill('Start a workflow', { name: 'order', input: '{lamp' });
  await seen(() => expect(told()).toContain('The input is no JSON'));
  expect(await engine.count()).toBe(0);
  fill('Start a workflow', { name: 'order', input: '"lamp"', id: 'lamp-1' });
  await seen(() => expect(all('[role=status]')[0]?.textContent).toBe('Started lamp-1'));
  expect((await engine.handle('lamp-1').describe()).input).toBe('lamp');
  await seen(() => expect(all('.detail h2')[0]?.textContent).toBe('lamp-1'));
  expect(told()).toBe('');
});

test('A25 chosen runs are signalled and cancelled together; one that refuses is named', async () => {
  for (const id of ['a', 'b', 'c']) await engine.start(order, 'lamp', { id });
  open();
  await seen(() =>
    expect(rows('Runs').map(([, , , status]) => status)).toEqual(['waiting', 'waiting', 'waiting']),
  );
  const choose = (id: string): void =>
    all<HTMLInputElement>('tbody input')
      .find((box) => box.getAttribute('aria-label') === `Choose ${id}`)!
      .click();
  choose('a');
  choose('b');
  fill('Signal chosen runs', { name: 'approve', input: '{"by":"Ada"}' });
  await seen(() => expect(all('[role=status]')[0]?.textContent).toBe('2 signalled'));
  for (const id of ['a', 'b']) expect(await engine.handle(id).result()).toBe('lamp, packed, approved by Ada');
  await seen(() => expect(all('.count')[0]?.textContent).toBe('No run chosen'));

  await seen(() =>
    expect(rows('Runs').map(([, , , status]) => status)).toEqual(['waiting', 'completed', 'completed']),
  );
  choose('a');
  choose('c');
  fill('Signal chosen runs', { name: 'approval', input: '' });
  await seen(() => expect(all('[role=status]')[0]?.textContent).toMatch(/^0 signalled; 2 refused; /));
  fill('Cancel chosen runs', { reason: 'sold out' });
  await seen(() =>
    expect(
      rows('Runs')
        .find(([, id]) => id === 'c')
        ?.slice(3),
    ).toEqual(['cancelled', expect.any(String), 'sold out']),
  );
  await seen(() => expect(all('.count')[0]?.textContent).toBe('No run chosen'));
});

test('A25 activities and events of all runs are listed, filtered and searched', async () => {
  for (const item of ['lamp', 'glass']) await engine.start(order, item, { id: item });
  open();
  await seen(() =>
    expect(
      rows('Runs')
        .map(([, , , status]) => status)
        .sort(),
    ).toEqual(['failed', 'waiting']),
  );
  press('Activities');
  await seen(() =>
    expect(
      rows('Activities')
        .map(([id, type, state]) => [id, type, state])
        .sort(),
    ).toEqual([
      ['glass', 'pack', 'failed'],
      ['lamp', 'pack', 'completed'],
    ]),
  );
  fill('Filter activities', { state: 'failed', search: '' });
  await seen(() => expect(rows('Activities').map(([id]) => id)).toEqual(['glass']));
  fill('Filter activities', { state: '', search: 'lamp, packed' });
  await seen(() => expect(rows('Activities').map(([id]) => id)).toEqual(['lamp']));
  press('Events');
  await seen(() =>
    expect(rows('Events').filter(([, , , type]) => type === 'WorkflowStarted')).toHaveLength(2),
  );
  fill('Filter events', { type: 'WorkflowFailed', search: '' });
  await seen(() =>
    expect(rows('Events').map(([id, , , type]) => [id, type])).toEqual([['glass', 'WorkflowFailed']]),
  );
  fill('Filter events', { type: '', search: 'input="lamp"' });
  await seen(() => expect(new Set(rows('Events').map(([id]) => id))).toEqual(new Set(['lamp'])));
});

test('A25 what comes from a run is text and never markup', async () => {
  await engine.start(order, 'glass', { id: 'glass-1' });
  open();
  await seen(() => expect(rows('Runs')[0]?.at(-1)).toContain('<b>it broke</b>'));
  press('glass-1');
  await seen(() => expect(rows('History').at(-1)?.[2]).toBe('WorkflowFailed'));
  expect(all('b')).toEqual([]);
});

test('A25 E12 exported histories are shown without a store, and cannot be changed', async () => {
  const handle = await engine.start(order, 'lamp', { id: 'lamp-1' });
  await handle.signal('approve', { by: 'Ada' });
  await handle.result();
  const redacted = await engine
    .handle('lamp-1')
    .exportHistory({ redact: (value) => (typeof value === 'string' ? '***' : value) });
  open(
    bundleSource([
      await handle.exportHistory(),
      { ...redacted, workflow: { ...redacted.workflow, workflowId: 'other' } },
    ]),
  );
  await seen(() =>
    expect(
      rows('Runs')
        .map(([id, type, status]) => [id, type, status])
        .sort(),
    ).toEqual([
      ['lamp-1', 'order', 'completed'],
      ['other', 'order', 'completed'],
    ]),
  );
  press('lamp-1');
  await seen(() =>
    expect(rows('History').at(-1)?.slice(2)).toEqual([
      'WorkflowCompleted',
      'result="lamp, packed, approved by Ada"',
    ]),
  );
  await seen(() => expect(rows('Activities')[0]?.slice(0, 2)).toEqual(['pack', 'completed']));
  expect(all('input[type=checkbox], details')).toEqual([]);
});

test('E12 an inspector that is taken out of the page watches nothing, and put back it begins again', async () => {
  const source = clientSource(engine);
  let watched = 0;
  open({
    ...source,
    watch: (what, changed) => {
      watched += 1;
      const end = source.watch(what, changed);
      return () => {
        watched -= 1;
        end();
      };
    },
  });
  await seen(() => expect(watched).toBe(1));
  inspector.remove();
  expect(watched).toBe(0);
  document.body.append(inspector);
  await seen(() => expect(watched).toBe(1));
  await engine.start(order, 'lamp', { id: 'lamp-1' });
  await seen(() => expect(rows('Runs')).toHaveLength(1));
});
