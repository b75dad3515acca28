import { decodeEvent, encodeEvent } from '../codec/events.js';
import { PerdureError } from '../model/errors.js';
import {
  isCloseEvent,
  endsFromOutside,
  isCommandEvent,
  isInputEvent,
  type CloseEvent,
  type CommandEvent,
  type InputEvent,
  type RunEvent,
  type WorkflowStarted,
} from '../model/events.js';

/** An input of the past with the commands that it was answered with, or the end of the run. */
export type RecordedTurn =
  | {
      readonly recorded: InputEvent;
      readonly size: number;
      /** Null: the code has not answered yet, so what it asks for is new. */
      readonly commands: readonly CommandEvent[] | null;
      readonly sizes: readonly number[];
      /** The code may ask for more than these: what comes behind them is new. */
      readonly openEnded: boolean;
    }
  | { readonly recorded: CloseEvent };

/** Recorded events in order: as events, or as stored bodies, which are read one turn at a time, so that long histories do not pile up. */
export type RecordedHistory =
  | { readonly events: readonly RunEvent[]; readonly bodies?: readonly string[] }
  | { readonly bodies: readonly string[] };

/** Takes recorded history apart into turns. */
export class RecordedTurns {
  #position = 0;
  /** Read already: the first event behind the newest turn. */
  #ahead: RunEvent | undefined;
  #next: RecordedTurn | undefined;
  readonly #history: RecordedHistory;
  readonly #length: number;
  readonly #started: WorkflowStarted;

  constructor(history: RecordedHistory, started: WorkflowStarted) {
    this.#history = history;
    this.#length = ('events' in history ? history.events : history.bodies).length;
    this.#started = started;
  }

  get isEmpty(): boolean {
    return this.#next === undefined && this.#ahead === undefined && this.#position === this.#length;
  }

  /** The turn that `take` gives. Throws `StorageError` for what cannot be read, and for what is no history (`history_malformed`). */
  peek(): RecordedTurn {
    return (this.#next ??= this.#read());
  }

  take(): RecordedTurn {
    const next = this.peek();
    this.#next = undefined;
    return next;
  }

  #read(): RecordedTurn {
    const first = this.#ahead ?? this.#eventAt(this.#position++);
    this.#ahead = undefined;
    if (isCloseEvent(first)) return { recorded: first };
    if (!isInputEvent(first)) {
      throw new PerdureError(
        'history_malformed',
        `Event ${first.seq} (${first.type}) of run ${this.#started.runId} does not follow an input`,
      );
    }
    const size = this.#sizeAt(this.#position - 1, first);
    const commands: CommandEvent[] = [];
    const sizes: number[] = [];
    while (this.#position < this.#length) {
      const event = this.#eventAt(this.#position++);
      if (!isCommandEvent(event)) {
        this.#ahead = event;
        break;
      }
      commands.push(event);
      sizes.push(this.#sizeAt(this.#position - 1, event));
    }
    const { origin } = this.#started;
    // A run that a client has started, and has ended maybe, while no worker has moved it on holds nothing but that; one
    // that has been copied holds what was copied, which may end before, between or behind the commands of an input.
    const alone = this.#length === 1 || (this.#length === 2 && this.#ahead && endsFromOutside(this.#ahead));
    const unanswered = first.type === 'WorkflowStarted' && alone && !origin;
    const last = commands.at(-1) ?? first;
    return {
      recorded: first,
      size,
      commands: unanswered ? null : commands,
      sizes,
      openEnded: this.#ahead === undefined && origin?.seq === last.seq,
    };
  }

  #eventAt(index: number): RunEvent {
    const history = this.#history;
    return 'events' in history
      ? (history.events[index] as RunEvent)
      : decodeEvent(history.bodies[index] as string);
  }

  #sizeAt(index: number, event: RunEvent): number {
    return (this.#history.bodies?.[index] ?? encodeEvent(event)).length;
  }
}
