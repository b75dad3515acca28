import { encodeEvent } from '../codec/events.js';
import { ForeignAwaitError, NondeterminismError, QueryRejectedError } from '../model/errors.js';
import type {
  CommandEvent,
  InputEvent,
  RunEvent,
  RunOrigin,
  Unplaced,
  VersionMarkerRecorded,
} from '../model/events.js';
import type { Seq } from '../model/ids.js';
import type { TextPayload } from '../model/payload.js';
import type { EpochMs } from '../model/time.js';
import { callSite } from './call-site.js';
import { holdsValue } from './recorded-value.js';
import {
  divergenceMessage,
  divergenceReport,
  sameCommand,
  type CodeEnd,
  type DivergenceReport,
} from './divergence.js';

/** Why a run cannot go on with the code at hand. It stays open and untouched, and is tried again when the code changes. */
export interface Blockage {
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}

/** Events that no store has yet. */
export interface FreshEvents {
  readonly events: RunEvent[];
  readonly bodies: string[];
}

/**
 * Numbers what a run does, and holds it against what history says it did.
 *
 * Between `begin` and `end` the window is open: one input has been delivered and its commands come in, in call order.
 * With a recorded list each command must equal the recorded one at its place; without, it is new and gets the next seq.
 * Nothing may come in while the window is closed: then workflow code ran because of something that history does not know.
 */
export class Recorder {
  /** Seq of the newest event, recorded or new. */
  head: Seq = 0;
  /** The run's clock: the time of the newest input, never backwards. */
  now: EpochMs = 0;
  /** Most commands that any one input was answered with. */
  longestAnswer = 0;
  #from: Seq = 0;
  /** Length of the bodies of all events up to `head`. */
  bytes = 0;
  /** A query, a predicate, a validator or a side effect is running: it may look, not act. */
  readOnly = false;
  /** Somebody asks the run something now: what that logs is new, whatever was replayed. */
  looking = false;
  /** New events since they were last taken, and their bodies: an event is written once. */
  #fresh: FreshEvents = { events: [], bodies: [] };
  #open = false;
  #recorded: readonly CommandEvent[] | null = null;
  #sizes: readonly number[] = [];
  #openEnded = false;
  #cursor = 0;
  /** Markers of the open window that code has asked for, ahead of their place or at it. */
  readonly #taken = new Set<CommandEvent>();
  #blockage: Blockage | undefined;
  readonly #workflowType: string;
  readonly #onForeign: () => void;
  /** Where a history was copied: up to which event, and when. */
  readonly #copies: ReadonlyMap<Seq, EpochMs> | undefined;

  constructor(workflowType: string, onForeign: () => void, origin?: RunOrigin) {
    this.#workflowType = workflowType;
    this.#onForeign = onForeign;
    this.#copies = origin && copiesOf(origin);
  }

  get blockage(): Blockage | undefined {
    return this.#blockage;
  }
  get replaying(): boolean {
    return this.#recorded !== null && !(this.#openEnded && this.next() === undefined);
  }
  get open(): boolean {
    return this.#open;
  }

  /** Opens the window for a recorded input and the commands recorded with it, with the length of each body; null: what comes is new. `openEnded`: what comes behind them is. */
  beginRecorded(
    input: InputEvent,
    size: number,
    commands: readonly CommandEvent[] | null,
    sizes: readonly number[],
    openEnded: boolean,
  ): void {
    this.head = this.#from = input.seq;
    this.bytes += size;
    this.#recorded = commands;
    this.#sizes = sizes;
    this.#openEnded = openEnded;
    this.#begin(input.at);
    if (this.#copies) this.#leaveCopy(this.#copies);
  }

  /** Opens the window for a new input and gives it its place. */
  beginNew(input: Unplaced<InputEvent>, at: EpochMs): InputEvent {
    this.#recorded = null;
    this.#begin(at);
    this.#from = this.head + 1;
    return this.#place({ seq: this.#from, at: this.now, ...input });
  }

  /** An event that cannot be written leaves nothing behind. */
  #place<E extends RunEvent>(event: E): E {
    const body = encodeEvent(event);
    this.head = event.seq;
    this.bytes += body.length;
    this.#fresh.events.push(event);
    this.#fresh.bodies.push(body);
    return event;
  }

  #begin(at: EpochMs): void {
    this.#cursor = 0;
    this.now = Math.max(this.now, at);
    this.#open = true;
  }

  /** Closes the window; what was recorded and not asked for again is a divergence, for which `ended` may be why. */
  end(ended: () => CodeEnd): void {
    const missing = this.next();
    this.#taken.clear();
    if (missing && !this.#blockage) this.#diverge(missing, undefined, ended());
    this.#open = false;
    this.answersAnother();
  }

  /** What comes from now on is in answer to something else: a signal that had come before, and was taken just now. */
  answersAnother(): void {
    this.longestAnswer = Math.max(this.longestAnswer, this.head - this.#from);
    this.#from = this.head;
  }

  /** Takes a command in: gives back the recorded one on replay, the new one otherwise. */
  emit<E extends CommandEvent>(command: Unplaced<E>): E {
    this.guard(command.type);
    const recorded = this.#recorded;
    if (recorded === null) {
      return this.#place({ seq: this.head + 1, at: this.now, ...command } as unknown as E);
    }
    const expected = this.next();
    if (!expected && this.#openEnded) {
      this.#recorded = null;
      return this.emit(command);
    }
    if (!expected || !sameCommand(expected, command)) {
      throw this.#diverge(expected, command);
    }
    this.#pass(expected);
    return expected as E;
  }

  /** The version marker of a change in the window that is being replayed, wherever in it: once. */
  takeMarker(changeId: string): VersionMarkerRecorded | undefined {
    const marker = this.#recorded
      ?.slice(this.#cursor)
      .find(
        (event): event is VersionMarkerRecorded =>
          event.type === 'VersionMarkerRecorded' && event.changeId === changeId,
      );
    if (!marker) return undefined;
    this.#taken.add(marker);
    while (this.#recorded?.[this.#cursor] && this.#taken.has(this.#recorded[this.#cursor] as CommandEvent))
      this.#pass(this.#recorded[this.#cursor] as CommandEvent);
    return marker;
  }

  /** The recorded command that comes next, behind markers that need nobody to ask for them at this place. */
  next(): CommandEvent | undefined {
    for (;;) {
      const next = this.#recorded?.[this.#cursor];
      if (next?.type !== 'VersionMarkerRecorded' || !(next.deprecated ?? this.#taken.has(next))) return next;
      this.#pass(next);
    }
  }

  /** Whether the command that was recorded at this place holds this value. */
  recordedHolds(value: TextPayload): boolean {
    const next = this.next();
    return next !== undefined && holdsValue(next, value);
  }

  #pass(command: CommandEvent): void {
    this.bytes += this.#sizes[this.#cursor] ?? 0;
    this.#cursor += 1;
    this.head = command.seq;
    if (this.#copies) this.#leaveCopy(this.#copies);
  }

  /** Behind what was copied no time is before the copy. */
  #leaveCopy(copies: ReadonlyMap<Seq, EpochMs>): void {
    this.now = Math.max(this.now, copies.get(this.head) ?? this.now);
  }

  /** Throws unless workflow code may act now. */
  guard(operation: string): void {
    if (this.readOnly) {
      throw new QueryRejectedError(
        `${operation} cannot be used in a query, a predicate, a validator or a side effect: they may look, not act`,
      );
    }
    if (this.#blockage) throw this.#asError(this.#blockage);
    if (this.#open) return;
    const error = new ForeignAwaitError(
      `Workflow '${this.#workflowType}' went on (${operation}) after waiting for something that is not durable, such as fetch, setTimeout or a promise of its own. Do such work in an activity, or wait with ctx. In a step or an activity ctx cannot be used at all.`,
    );
    this.block({ code: error.code, message: error.message, details: { operation, stack: error.stack } });
    this.#onForeign();
    throw error;
  }

  /**
   * Whether workflow code may act now, for what returns nothing: from outside the window it blocks the run as `guard`
   * does, and throws nothing. There is no result to do without, and what is thrown out of a timer ends the process.
   */
  admits(operation: string): boolean {
    if (this.#open || this.readOnly) {
      this.guard(operation);
      return true;
    }
    try {
      this.guard(operation);
    } catch {
      // kept as the blockage
    }
    return false;
  }

  block(blockage: Blockage): void {
    this.#blockage ??= blockage;
  }

  takeFresh(): FreshEvents {
    const fresh = this.#fresh;
    this.#fresh = { events: [], bodies: [] };
    return fresh;
  }

  #diverge(
    expected: CommandEvent | undefined,
    produced: Unplaced<CommandEvent> | undefined,
    ended?: CodeEnd,
  ): Error {
    const recorded = this.#recorded ?? [];
    const report: DivergenceReport = divergenceReport({
      seq: expected?.seq ?? this.head + 1,
      expected,
      produced,
      following: recorded.slice(this.#cursor + 1),
      matched: recorded.slice(0, this.#cursor),
      calledAt: produced && callSite(new Error('Call').stack),
      ended,
    });
    const error = new NondeterminismError(divergenceMessage(this.#workflowType, report), report);
    this.block({ code: error.code, message: error.message, details: report });
    return error;
  }

  #asError(blockage: Blockage): Error {
    return blockage.code === 'foreign_await'
      ? new ForeignAwaitError(blockage.message)
      : new NondeterminismError(blockage.message, blockage.details);
  }
}

function copiesOf(origin: RunOrigin): ReadonlyMap<Seq, EpochMs> {
  const copies = new Map<Seq, EpochMs>();
  for (let one: RunOrigin | undefined = origin; one; one = one.origin)
    copies.set(one.seq, Math.max(one.at ?? 0, copies.get(one.seq) ?? 0));
  return copies;
}
