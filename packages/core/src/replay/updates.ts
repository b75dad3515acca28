import { encodeFailure } from '../codec/failures.js';
import { InvalidArgumentError, isThrown, NondeterminismError } from '../model/errors.js';
import type { Unplaced, UpdateAccepted, UpdateCompleted, UpdateFailed } from '../model/events.js';
import type { FailureRecord } from '../model/failure.js';
import { asText } from '../model/payload.js';
import type { MessageHandler, UpdateHandlers } from './buffered-signals.js';
import { ContinuedAsNew } from './continuation.js';
import { declaredNames, undeclared } from './declared-names.js';
import type { RunningCode } from './running-code.js';

type Outcome = Unplaced<UpdateCompleted | UpdateFailed>;
/** What was accepted; its value was taken apart for the handler, and is to be read in history. */
export type UnfinishedUpdate = Pick<UpdateAccepted, 'seq' | 'name'>;

/** What becomes of an update that has come in. */
export type UpdateVerdict =
  | 'accept'
  /** Its validator has to be asked first. */
  | 'ask'
  /** Nothing handles its name yet. */
  | 'hold'
  /** It was accepted before. */
  | 'known'
  | { readonly refused: FailureRecord };

/**
 * Updates on their way into workflow code. A validator is asked before there is any event, and never again: what history
 * holds was let pass. Its handler settles the update, not the workflow, whatever it throws.
 */
export class Updates implements UpdateHandlers {
  readonly #handlers = new Map<
    string,
    { readonly handler: MessageHandler; readonly validate: MessageHandler | undefined }
  >();
  readonly #accepted = new Map<string, string>();
  readonly #unfinished = new Map<string, UnfinishedUpdate>();
  readonly #leaving = new Map<string, string>();
  readonly #run: RunningCode;

  constructor(run: RunningCode) {
    this.#run = run;
  }

  /** Whether an update alone can move the run. */
  get listens(): boolean {
    return this.#handlers.size > 0;
  }
  /** Accepted updates whose handlers have not ended, in the order they came. */
  get unfinished(): ReadonlyMap<string, UnfinishedUpdate> {
    return this.#unfinished;
  }
  /** Updates, by id, whose own handlers called `ctx.continueAsNew`: they are over, without a result. The value is the name. */
  get leaving(): ReadonlyMap<string, string> {
    return this.#leaving;
  }

  /** The name under which it was accepted here. */
  nameOf(updateId: string): string | undefined {
    return this.#accepted.get(updateId);
  }

  handles(name: string): boolean {
    return this.#handlers.has(name);
  }

  handle(name: string, handler: MessageHandler, validate: MessageHandler | undefined): void {
    this.#handlers.set(name, { handler, validate });
  }

  /** Nobody asks the validator about what an earlier run let pass. */
  judge(
    { updateId, name }: Pick<UpdateAccepted, 'updateId' | 'name'>,
    acceptedBefore: boolean,
    forTheNextRun: boolean,
  ): UpdateVerdict {
    if (this.#accepted.has(updateId)) return 'known';
    const known = this.#handlers.get(name);
    if (forTheNextRun) return 'hold';
    if (!known) return this.#awaited(name) ?? 'hold';
    return known.validate && !acceptedBefore ? 'ask' : 'accept';
  }

  /** Asks the validator, which gets a copy of its own. Throws what it throws. */
  validate({ name, input }: Pick<UpdateAccepted, 'name' | 'input'>): unknown {
    return this.#handlers.get(name)?.validate?.(this.#run.decode(asText(input)));
  }

  /** A handler of a name that the type does not declare never comes. */
  #awaited(name: string): UpdateVerdict | undefined {
    const { messages, started } = this.#run;
    const known = declaredNames(messages, 'update');
    if (!known || known.includes(name)) return undefined;
    const said = undeclared('update', started.workflowType, name, known);
    return { refused: encodeFailure(new InvalidArgumentError(said, [])) };
  }

  accept(event: UpdateAccepted): void {
    const { updateId, name, input } = event;
    const known = this.#handlers.get(name);
    if (!known) {
      throw new NondeterminismError(
        `Event ${event.seq} accepted update '${name}', which nothing handles at this point any more: register its handler where it was, or fork the run before this event`,
        { seq: event.seq, updateId, name },
      );
    }
    this.#accepted.set(updateId, name);
    this.#unfinished.set(updateId, { seq: event.seq, name });
    const argument = this.#run.decode(input);
    const run = async (): Promise<unknown> => known.handler(argument);
    run().then(
      (value) => {
        this.#settle(updateId, () => ({
          type: 'UpdateCompleted',
          updateId,
          result: this.#run.encode(value),
        }));
      },
      (error: unknown) => {
        // No event: handed on, it would do the same in the next run, and in the one after that.
        if (isThrown(error, ContinuedAsNew)) {
          this.#unfinished.delete(updateId);
          this.#leaving.set(updateId, name);
          return;
        }
        this.#settle(updateId, () => failed(updateId, error));
      },
    );
  }

  #settle(updateId: string, outcome: () => Outcome): void {
    let settled: Outcome;
    try {
      settled = outcome();
    } catch (error) {
      settled = failed(updateId, error); // a result that cannot be stored
    }
    try {
      this.#run.recorder.emit<UpdateCompleted | UpdateFailed>(settled);
      this.#unfinished.delete(updateId);
    } catch {
      // outside the window, or a divergence: kept as the blockage
    }
  }
}

function failed(updateId: string, error: unknown): Outcome {
  return { type: 'UpdateFailed', updateId, failure: encodeFailure(error) };
}
