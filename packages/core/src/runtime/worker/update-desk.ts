import type { Unplaced, UpdateAccepted } from '../../model/events.js';
import type { FailureRecord } from '../../model/failure.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { UpdateVerdict } from '../../replay/updates.js';
import type { MessageRecord, TaskRecord } from '../../storage/records.js';
import type { Core } from '../core.js';
import { acceptedUpdate } from '../messages.js';
import { parsedRecord, readStored } from '../stored-text.js';
import type { PendingInput } from './pending-input.js';
import { openMessage } from './sealing.js';

/** An update between the inbox and history, and the message that brought it. */
export interface PendingUpdate extends PendingInput {
  readonly input: Unplaced<UpdateAccepted>;
  readonly message: MessageRecord;
}

export interface RefusedUpdate {
  readonly updateId: string;
  readonly name: string;
  readonly failure: FailureRecord;
  /** It had been accepted, so it has failed. */
  readonly accepted: boolean;
}

/** More updates than this do not wait for a handler; the next ones are refused. */
const mostHeld = 100;

/**
 * Where updates wait for a handler of their name. They have left the inbox, so that nothing behind them is held up, and
 * lie in the body of the run's task, which only its owner writes: in the order they came, across crashes.
 */
export class UpdateDesk {
  #held: PendingUpdate[] = [];
  #refused: RefusedUpdate[] = [];
  /** What validators have said, by update id: undefined where they let it pass. Holds for the input that comes next. */
  readonly #verdicts = new Map<string, FailureRecord | undefined>();
  #asking: PendingUpdate | undefined;
  readonly #mostAccepted: number;

  /** `mostAccepted`: whose handlers have not ended; 0 is no limit. */
  constructor(mostAccepted: number) {
    this.#mostAccepted = mostAccepted;
  }

  /** Updates without a handler, in the order they came. */
  get held(): readonly PendingUpdate[] {
    return this.#held;
  }

  /** An update that cannot go on before its validator was asked; nothing goes on before it. */
  get asking(): PendingUpdate | undefined {
    return this.#asking;
  }

  answer(verdict: FailureRecord | undefined): void {
    if (this.#asking) this.#verdicts.set(this.#asking.input.updateId, verdict);
    this.#asking = undefined;
  }

  /** Whether an update may be fed now; one that may not is held, refused, or `asking`. */
  admits(instance: WorkflowInstance, update: PendingUpdate): boolean {
    const accepted = wasAccepted(update);
    const verdict = this.#verdictOf(instance, update, accepted);
    const { updateId, name } = update.input;
    if (verdict === 'ask') this.#asking = update;
    else if (verdict === 'accept') {
      const most = this.#mostAccepted;
      if (accepted || most === 0 || instance.updates.unfinished.size < most) return true;
      this.#refused.push({ updateId, name, failure: tooManyUnderWay(most), accepted });
    } else if (verdict === 'hold') {
      if (this.#held.some(({ input }) => input.updateId === updateId)) return false;
      if (accepted || this.#held.length < mostHeld) this.#held.push(update);
      else this.#refused.push({ updateId, name, failure: tooMany, accepted });
    } else if (verdict !== 'known')
      this.#refused.push({ updateId, name, failure: verdict.refused, accepted });
    return false;
  }

  #verdictOf(instance: WorkflowInstance, { input }: PendingUpdate, accepted: boolean): UpdateVerdict {
    const verdict = instance.judge(input, accepted);
    if (verdict !== 'ask' || !this.#verdicts.has(input.updateId)) return verdict;
    const refused = this.#verdicts.get(input.updateId);
    this.#verdicts.delete(input.updateId);
    return refused ? { refused } : 'accept';
  }

  /** The first held update whose handler has come, and that may be fed. */
  next(instance: WorkflowInstance): PendingUpdate | undefined {
    if (this.#held.length === 0) return undefined;
    const waiting = this.#held;
    this.#held = [];
    while (waiting.length > 0) {
      const update = waiting.shift() as PendingUpdate;
      if (this.admits(instance, update)) {
        this.#held.push(...waiting);
        return update;
      }
      if (this.#asking) {
        this.#held.push(update, ...waiting);
        return undefined;
      }
    }
    return undefined;
  }

  /** What was refused since this was last asked. */
  takeRefused(): readonly RefusedUpdate[] {
    return this.#refused.splice(0);
  }

  /** What is left behind by an instance that was dropped is read again. */
  clear(): void {
    this.#held = [];
    this.#refused = [];
    this.#asking = undefined;
    this.#verdicts.clear();
  }

  /** The body of the run's task. */
  taskBody(): string {
    if (this.#held.length === 0) return '{}';
    const held = this.#held.map(({ message: { kind, messageId, at, body } }) => ({
      ...(kind !== 'update' && { kind }),
      messageId,
      at,
      body,
    }));
    return JSON.stringify({ held });
  }
}

/** The updates that a task holds, as the inputs that they would be. Throws `StorageError` where they cannot be read. */
export async function heldBy(
  core: Core,
  { namespace, runId, taskId, body }: TaskRecord,
): Promise<PendingUpdate[]> {
  if (body === '{}') return [];
  const held = readStored(`Task ${taskId}`, () => {
    const { held = [] } = parsedRecord(body) as { held?: Held[] };
    if (held.every(isHeld)) return held;
    throw new TypeError('an update without an id, a time or a value');
  });
  return Promise.all(
    held.map((kept) => pendingUpdate(core, { kind: 'update', ...kept, namespace, runId, position: 0 })),
  );
}

type Held = Pick<MessageRecord, 'messageId' | 'at' | 'body'> & Partial<MessageRecord>;

function isHeld({ messageId, at, body }: Held): boolean {
  return typeof messageId === 'string' && Number.isSafeInteger(at) && typeof body === 'string';
}

async function pendingUpdate(core: Core, message: MessageRecord): Promise<PendingUpdate> {
  const input = (await openMessage(core, message)) as Unplaced<UpdateAccepted>;
  return { input, at: Math.min(message.at, core.clock.now()), message };
}

function tooManyUnderWay(most: number): FailureRecord {
  return {
    name: 'StructuralLimitError',
    code: 'structural_limit',
    message: `${most} updates are under way in this run already: send it again once some of them have ended`,
  };
}

const tooMany: FailureRecord = {
  name: 'Error',
  message: `${mostHeld} updates wait for a handler that this run has not registered: register it with ctx.onUpdate before the run first waits`,
};

export function wasAccepted({ message }: PendingUpdate): boolean {
  return message.kind === acceptedUpdate;
}

/**
 * What a run that ends for good says to the updates that it holds. One that an earlier run had accepted is not refused:
 * its sender hears that the run has ended before it was done.
 */
export function neverHandled(
  held: readonly PendingUpdate[],
  { updates, started: { runId } }: WorkflowInstance,
): readonly RefusedUpdate[] {
  return held
    .filter((update) => !wasAccepted(update))
    .map(({ input: { updateId, name } }) => ({
      updateId,
      name,
      failure: {
        name: 'Error',
        message: updates.handles(name)
          ? `Run ${runId} had failed before update '${name}' could be handled`
          : `Run ${runId} ended and never had a handler for update '${name}'`,
      },
      accepted: false,
    }));
}
