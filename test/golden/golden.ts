/// <reference types="vite/client" />
import { replay, verify, type HistoryBundle, type WorkflowContext } from '@perdure/core';
import { eventTypes } from '@perdure/core/internal';
import { describe, expect, test } from 'vitest';
import { cases } from './0.1/cases.js';

const texts = import.meta.glob<string>('./0.1/histories/*.json', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Bundles by file name, without its ending. */
const bundles = new Map(
  Object.entries(texts).map(([path, text]) => [
    path.slice(path.lastIndexOf('/') + 1, -'.json'.length),
    JSON.parse(text) as HistoryBundle,
  ]),
);
const eventsOf = ({ events }: HistoryBundle) => events as readonly { readonly type: string }[];

/** How a history with this end is shown; any other is of an open run. */
const closed: Readonly<Record<string, string>> = {
  WorkflowCompleted: 'completed',
  WorkflowFailed: 'failed',
  WorkflowCancelled: 'cancelled',
  WorkflowTerminated: 'terminated',
  WorkflowTimedOut: 'timed_out',
  WorkflowContinuedAsNew: 'continued_as_new',
};

const named = cases.flatMap((golden) =>
  [...bundles].flatMap(([file, bundle]) =>
    file === golden.name || file.startsWith(`${golden.name}.`) ? [{ file, bundle, golden }] : [],
  ),
);

describe('histories of release 0.1', () => {
  test.each(named)('$file replays', async ({ file, bundle, golden }) => {
    const { replayedBy = golden.workflows, rejects, output } = golden;
    if (rejects !== undefined) {
      await expect(replay(replayedBy, bundle)).rejects.toMatchObject({ code: rejects });
      return;
    }
    const result = await replay(replayedBy, bundle);
    const last = eventsOf(bundle).at(-1)?.type ?? '';
    if (last in closed) expect(result.status).toBe(closed[last]);
    else expect(Object.values(closed)).not.toContain(result.status);
    if (output && file === golden.name) expect(result.output).toStrictEqual(output());
  });

  test('every case has its histories, and every history its case', () => {
    expect(new Set(named.map(({ golden }) => golden.name))).toEqual(new Set(cases.map(({ name }) => name)));
    expect(named.map(({ file }) => file).sort()).toEqual([...bundles.keys()].sort());
    expect(bundles.size).toBeGreaterThanOrEqual(40);
  });

  test('every type of event stands in one of them', () => {
    const seen = new Set([...bundles.values()].flatMap((bundle) => eventsOf(bundle).map(({ type }) => type)));
    // Nothing writes this one: an activity that is cancelled is not waited for. Replay reads it.
    const unwritten = ['ActivityCancelled'];
    expect(eventTypes().filter((type) => !seen.has(type))).toEqual(unwritten);
  });

  test('an edited history is found out', async () => {
    for (const { bundle, golden } of named.slice(0, 5)) {
      const events = eventsOf(bundle).map((event, index) => (index === 1 ? { ...event, at: 1 } : event));
      const { failed } = await verify(golden.workflows, [{ ...bundle, events }]);
      expect(failed).toMatchObject([{ error: { code: 'invalid_argument' } }]);
    }
  });
});

/** Which case shows what workflow code can use: a new member does not compile before it has one. */
const shownBy: Readonly<Record<keyof WorkflowContext, string>> = {
  info: 'state-attributes-memo',
  runActivity: 'activity-completes',
  activities: 'activity-stubs',
  step: 'local-steps',
  runChild: 'children',
  external: 'other-workflows',
  sleep: 'timers',
  sleepUntil: 'timers',
  now: 'timers',
  waitSignal: 'signals',
  onSignal: 'conditions',
  onQuery: 'updates',
  onUpdate: 'updates',
  waitCondition: 'conditions',
  all: 'combinators',
  allSettled: 'combinators',
  race: 'combinators',
  any: 'combinators',
  map: 'combinators',
  scope: 'scopes',
  nonCancellable: 'cancel-with-cleanup',
  withTimeout: 'scopes',
  saga: 'saga',
  signal: 'cancel-with-cleanup',
  sideEffect: 'side-effects',
  random: 'random-and-uuids',
  uuid4: 'random-and-uuids',
  uuid7: 'random-and-uuids',
  patched: 'patched',
  deprecatePatch: 'deprecated-patch',
  getVersion: 'get-version',
  setState: 'state-attributes-memo',
  upsertSearchAttributes: 'state-attributes-memo',
  upsertMemo: 'state-attributes-memo',
  log: 'state-attributes-memo',
  continueAsNew: 'continue-as-new',
};

test('everything that workflow code can use stands in a case whose code calls it', () => {
  for (const [member, name] of Object.entries(shownBy)) {
    const golden = cases.find((one) => one.name === name);
    const code = golden?.workflows.map(({ fn }) => String(fn)).join('\n');
    expect(code, `${member} in ${name}`).toContain(`ctx.${member}`);
  }
});
