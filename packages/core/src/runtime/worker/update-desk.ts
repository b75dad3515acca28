import type { Unplaced, UpdateAccepted } from '../../model/events.js';
import type { FailureRecord } from '../../model/failure.js';
import type { WorkflowInstance } from '../../replay/instance.js';
import type { MessageRecord, TaskRecord } from '../../storage/records.js';
import type { Core } from '../core.js';
import { acceptedUpdate } from '../messages.js';
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
  /** Those whose validators have changed an instance, which was dropped: they are not asked again. */
  readonly #spoilt = new Map<string, FailureRecord>();
  readonly #mostAccepted: number;

  /** `mostAccepted`: whose handlers have not ended; 0 is no limit. */
  constructor(mostAccepted: number) {
    this.#mostAccepted = mostAccepted;
  }

  /** Updates without a handler, in the order they came. */
  get held(): readonly PendingUpdate[] {
    return this.#held;
  }

  /** Whether an update may be fed now; one that may not is held or refused. */
  admits(instance: WorkflowInstance, update: PendingUpdate): boolean {
    const accepted = wasAccepted(update);
    if (this.#refusesSpoilt(update, accepted)) return false;
    const verdict = instance.judge(update.input, accepted);
    const { updateId, name } = update.input;
    if (verdict === 'accept') {
      const most = this.#mostAccepted;
      if (accepted || most === 0 || instance.updates.unfinished.size < most) return true;
      this.#refused.push({ updateId, name, failure: tooManyUnderWay(most), accepted });
      return false;
    }
    if (verdict === 'hold') {
      if (this.#held.some(({ input }) => input.updateId === updateId)) return false;
      if (accepted || this.#held.length < mostHeld) this.#held.push(update);
      else this.#refused.push({ updateId, name, failure: tooMany, accepted });
    } else if (verdict !== 'known') {
      if (instance.tainted) this.#spoilt.set(updateId, verdict.refused);
      else this.#refused.push({ updateId, name, failure: verdict.refused, accepted });
    }
    return false;
  }

  #refusesSpoilt({ input: { updateId, name } }: PendingUpdate, accepted: boolean): boolean {
    const failure = this.#spoilt.get(updateId);
    if (!failure) return false;
    this.#spoilt.delete(updateId);
    this.#refused.push({ updateId, name, failure, accepted });
    return true;
  }

  /** The first held update whose handler has come, and that may be fed. */
  next(instance: WorkflowInstance): PendingUpdate | undefined {
    if (this.#held.length === 0) return undefined;
    const waiting = this.#held;
    this.#held = [];
    while (waiting.length > 0) {
      const update = waiting.shift() as PendingUpdate;
      if (!this.admits(instance, update)) {
        if (instance.tainted) return undefined;
        continue;
      }
      this.#held.push(...waiting);
      return update;
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
export async function heldBy(core: Core, { namespace, runId, body }: TaskRecord): Promise<PendingUpdate[]> {
  if (body === '{}') return [];
  const { held = [] } = JSON.parse(body) as {
    held?: (Pick<MessageRecord, 'messageId' | 'at' | 'body'> & Partial<MessageRecord>)[];
  };
  return Promise.all(
    held.map((kept) => pendingUpdate(core, { kind: 'update', ...kept, namespace, runId, position: 0 })),
  );
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
