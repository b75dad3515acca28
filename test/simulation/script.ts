import {
  defineWorkflow,
  isPerdureError,
  signal,
  update,
  type Client,
  type StartOptions,
  type WorkflowHandle,
} from '@perdure/core';
import { Programs } from './drawing.js';
import type { Input, Program } from './program.js';
import type { Random } from './random.js';

/** What a client does to a workflow. */
export interface Order {
  /** True time after the start. Milliseconds. */
  readonly at: number;
  readonly workflow: number;
  readonly kind:
    'signal' | 'bump' | 'update' | 'cancel' | 'terminate' | 'query' | 'again' | 'begin-bump' | 'begin-update';
  /** Of the message; the same one may be sent twice. */
  readonly id: string;
  readonly n: number;
}

/** What a seed is about: programs, and what clients do to them. Data, so that it can be made smaller. */
export interface Scenario {
  readonly programs: readonly { readonly at: number; readonly program: Program }[];
  readonly orders: readonly Order[];
}

export function drawScenario(random: Random): Scenario {
  const programs = new Programs(random);
  const begun = Array.from({ length: random.between(1, 2) }, () => ({
    at: random.below(200),
    program: programs.draw(),
  }));
  const kinds: readonly Order['kind'][] = [
    ...['bump', 'bump', 'signal', 'signal', 'update', 'update', 'query', 'again'],
    ...(random.chance(0.5) ? ['cancel'] : []),
    ...(random.chance(0.3) ? ['begin-bump', 'begin-update'] : []),
    ...(random.chance(0.1) ? ['terminate'] : []),
  ] as readonly Order['kind'][];
  const orders = Array.from({ length: random.below(9) }, (_, i): Order => {
    const workflow = random.below(begun.length);
    const kind = random.pick(kinds);
    const at = random.pick([100, 800, 4_000]) * random.next();
    return {
      // Another start is of interest where it meets the first.
      at:
        (kind === 'again' || kind.startsWith('begin')) && random.chance(0.7)
          ? (begun[workflow]?.at ?? 0) + random.next()
          : at,
      workflow,
      kind,
      id: `m${random.chance(0.4) ? random.below(i + 1) : i}`,
      n: random.below(4),
    };
  });
  return { programs: begun, orders };
}

/** The workflow, as those know it who only ask things of it: its code is never called. */
const program = defineWorkflow(
  'program',
  { messages: { bump: signal<string>(), add: update<number, { id: string; n: number }>() } },
  (_ctx, input: Input): Promise<unknown> => Promise.reject(new Error(`${input.rounds} rounds, and no code`)),
);

/** What became of an order, as its client was told. */
export interface Told {
  readonly order: Order;
  readonly answer: string;
}

/** Carries an order out; the answer, or the code of the error. Rejects where the store could not answer. */
export async function carryOut(
  client: Client,
  { kind, id, n }: Order,
  workflowId: string,
  start: () => Promise<WorkflowHandle>,
  beginning: { readonly input: Input } & StartOptions,
): Promise<string> {
  const handle = client.handle(workflowId);
  try {
    switch (kind) {
      case 'signal':
        await handle.signal(`s${n % 2}`, id, { id });
        return 'accepted';
      case 'bump':
        await handle.signal('bump', id, { id });
        return 'accepted';
      case 'update':
        return `updated ${String(await handle.update('add', { id, n }, { id }))}`;
      case 'cancel':
        await handle.cancel({ reason: 'asked' });
        return 'asked';
      case 'terminate':
        await handle.terminate('ended by force');
        return 'ended';
      case 'query':
        return `bumps ${String(await handle.query('bumps'))}`;
      case 'begin-bump':
        await client.signalWithStart(program, { ...beginning, signal: 'bump', payload: id, signalId: id });
        return 'accepted';
      case 'begin-update': {
        const ask = { ...beginning, update: 'add', payload: { id, n }, updateId: id } as const;
        return `updated ${String(await client.updateWithStart(program, ask))}`;
      }
      case 'again':
        return `begun ${(await start()).runId ?? ''}`;
    }
  } catch (error) {
    if (isPerdureError(error) && !error.code.startsWith('storage_')) return error.code;
    throw error;
  }
}
