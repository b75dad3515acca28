import { StorageError, type ChangeHint } from '@perdure/core/storage';
import type { Fault, FaultPlan, PortCall, PortMethod } from './plan.js';

/** A call that was made, and what was done to it. */
export interface RecordedCall extends PortCall {
  readonly fault: Fault['kind'] | null;
}

const repeatable: readonly PortMethod[] = ['commit', 'claim', 'releaseLeases'];
const writing: readonly PortMethod[] = [...repeatable, 'reapDeadWorkers'];

/** What the handles of one faulty storage share: the plan, the numbers of the calls, the listeners. */
export class Faults {
  readonly calls: RecordedCall[] = [];
  readonly listeners = new Set<(hint: ChangeHint) => void>();
  plan: FaultPlan;
  readonly #counts = new Map<PortMethod, number>();
  #hints = 0;

  constructor(plan: FaultPlan) {
    this.plan = plan;
  }

  /** `undo` puts away a result that nobody will see. */
  async around<T>(
    method: PortMethod,
    work: () => Promise<T>,
    undo: (result: T) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<T> {
    const nth = (this.#counts.get(method) ?? 0) + 1;
    this.#counts.set(method, nth);
    const call: PortCall = { method, nth, index: this.calls.length + 1 };
    const fault = this.plan.fault?.(call);
    this.calls.push({ ...call, fault: fault?.kind ?? null });
    if (fault === undefined) return work();
    switch (fault.kind) {
      case 'fail-before':
        throw fault.error ?? injected(call, 'before', 'not-applied');
      case 'fail-after':
        await undo(await work());
        throw fault.error ?? injected(call, 'after', writing.includes(method) ? 'unknown' : 'not-applied');
      case 'delay': {
        if (fault.when === 'before') await (fault.until ?? tenTurns)();
        const result = await work();
        if (fault.when === 'after') await (fault.until ?? tenTurns)();
        return result;
      }
      case 'duplicate': {
        const result = await work();
        if (repeatable.includes(method)) await work();
        return result;
      }
      case 'hang':
        if (fault.when === 'after') await undo(await work());
        return new Promise<never>(() => undefined);
    }
  }

  deliver(hint: ChangeHint, listener: (hint: ChangeHint) => void): void {
    const fault = this.plan.hint?.(hint, ++this.#hints);
    switch (fault?.kind) {
      case 'drop':
        return;
      case 'delay':
        void (fault.until ?? tenTurns)()
          .then(() => {
            listener(hint);
          })
          .catch(() => {
            // A listener's error is its own (N1).
          });
        return;
      case 'duplicate':
        listener(hint);
        listener(hint);
        return;
      case undefined:
        listener(hint);
        return;
    }
  }
}

async function tenTurns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function injected(
  { method, nth, index }: PortCall,
  when: 'before' | 'after',
  outcome: 'not-applied' | 'unknown',
): StorageError {
  const message = `Injected fault: ${method} ${nth} (call ${index}) fails ${when} it was carried out`;
  return new StorageError('storage_failed', message, { retryable: true, outcome });
}
