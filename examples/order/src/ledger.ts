/**
 * The outside world of the example: the stock, the bank and the carrier, as one list of what was really done. It lies
 * outside Perdure's store on purpose: an effect that happened twice would show here, whatever the history says.
 */
export interface Ledger {
  /** Does something for an order, unless it was done under this key before. */
  apply(request: EffectRequest): Promise<'done' | 'was done'>;
  /** What was done for an order, in the order in which it was first asked for. */
  read(orderId: string): Promise<readonly LedgerLine[]>;
}

interface EffectRequest {
  readonly orderId: string;
  readonly effect: string;
  /** The same for every attempt of one activity. */
  readonly key: string;
  readonly attempt: number;
}

export interface LedgerLine {
  readonly effect: string;
  /** How often it was done: once, if all is well. */
  readonly done: number;
  /** How often it was asked for: more than once where an attempt died before it could report. */
  readonly asked: number;
  /** The attempt that asked last. */
  readonly attempt: number;
}

export interface Visit extends EffectRequest {
  readonly answer: 'done' | 'was done';
}

export function linesOf(visits: readonly Visit[], orderId: string): readonly LedgerLine[] {
  const lines = new Map<string, LedgerLine>();
  for (const { effect, answer, attempt } of visits.filter((visit) => visit.orderId === orderId)) {
    const before = lines.get(effect) ?? { done: 0, asked: 0 };
    lines.set(effect, {
      effect,
      done: before.done + (answer === 'done' ? 1 : 0),
      asked: before.asked + 1,
      attempt,
    });
  }
  return [...lines.values()];
}
