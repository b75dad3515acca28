import type { SeenEvent } from '../seen.js';

/** A command that a program must have asked for, as far as the program tells. */
export interface Command {
  readonly type: string;
  /** The part of the program that asks for it. */
  readonly part?: number;
  /** After how long it is given up; null: never. */
  readonly within?: number | null;
  readonly purpose?: string;
  /** How far away it is due. */
  readonly ms?: number;
  readonly name?: string;
  /** Whom it is sent to. */
  readonly to?: string;
  readonly activityId?: string;
  readonly timerId?: string;
  readonly waitId?: string;
  readonly childId?: string;
  readonly updateId?: string;
  readonly result?: unknown;
}

/** The commands that history has after one input. Each is asked for once; none is left over. */
export class Expected {
  /** What comes next hangs on an order that nothing here can tell. */
  undecided = false;
  /** The first difference. */
  wrong: string | undefined;
  #recorded: SeenEvent[] = [];
  #now = 0;
  #within: ReadonlyMap<number, number> = new Map();
  /** Versions of changes that the run goes by. */
  readonly #versions = new Map<string, number>();

  open(input: SeenEvent, commands: readonly SeenEvent[]): void {
    this.#now = input.at;
    this.#recorded = [...commands];
    // The timer of a condition is recorded with it.
    this.#within = new Map(
      commands.flatMap(({ type, purpose, seq, dueAt = 0 }) =>
        type === 'TimerStarted' && purpose === 'condition' ? [[seq - 1, dueAt - input.at]] : [],
      ),
    );
  }

  /** Nothing may be left that was recorded and not asked for. */
  close(): void {
    const [left] = this.#recorded;
    if (left) this.#differ(`event ${left.seq} (${left.type}) is recorded, and nothing asks for it`);
  }

  take(command: Command): SeenEvent | undefined {
    const at = this.#first((event) => this.#fits(event, command));
    if (at < 0) {
      this.#differ(
        `${JSON.stringify(command)} is asked for, and not among ${this.#recorded.map(({ type }) => type).join(', ') || 'nothing'}`,
      );
      return undefined;
    }
    return this.#recorded.splice(at, 1)[0];
  }

  /** The version of a change, recorded at the first visit; −1 where that was before there was such a change. */
  version(changeId: string): number {
    const known = this.#versions.get(changeId);
    if (known !== undefined) return known;
    const at = this.#recorded.findIndex(
      (event) => event.type === 'VersionMarkerRecorded' && event.changeId === changeId,
    );
    const [marker] = at < 0 ? [] : this.#recorded.splice(at, 1);
    const version = marker?.version ?? -1;
    this.#versions.set(changeId, version);
    return version;
  }

  /** The value of a side effect. */
  effect(): number {
    if (this.#recorded.filter(({ type }) => type === 'SideEffectRecorded').length > 1) this.undecided = true;
    return (this.take({ type: 'SideEffectRecorded' })?.value?.data ?? 0) as number;
  }

  /** A number that was drawn, by the timer that it led to. */
  drawn(): number {
    const timers = this.#recorded.filter(({ type, purpose, dueAt = 0 }) => {
      const ms = dueAt - this.#now;
      return type === 'TimerStarted' && ms < 100 && purpose === (ms % 2 === 0 ? 'sleep' : 'condition');
    });
    if (timers.length > 1) this.undecided = true;
    return (timers[0]?.dueAt ?? this.#now) - this.#now;
  }

  /** What was asked for first has the lowest number, whenever it was recorded. */
  #first(fits: (event: SeenEvent) => boolean): number {
    let found = -1;
    this.#recorded.forEach((event, i) => {
      const before = this.#recorded[found];
      if (fits(event) && (!before || numberOf(event) < numberOf(before))) found = i;
    });
    return found;
  }

  #fits(event: SeenEvent, command: Command): boolean {
    const { type, part, within, purpose, ms, name, to, result } = command;
    if (event.type !== type) return false;
    if (within !== undefined && (this.#within.get(event.seq) ?? null) !== within) return false;
    if (purpose !== undefined && (event.purpose !== purpose || event.dueAt !== this.#now + (ms ?? 0)))
      return false;
    if (name !== undefined && event.name !== name) return false;
    if (result !== undefined && event.result?.data !== result) return false;
    if (to !== undefined && event.workflowId !== to) return false;
    if (part !== undefined && partOf(event) !== part) return false;
    const ids = ['activityId', 'timerId', 'waitId', 'childId', 'updateId'] as const;
    return ids.every((id) => command[id] === undefined || command[id] === event[id]);
  }

  #differ(what: string): void {
    this.wrong ??= what;
  }
}

/** The part that has asked for it, as far as a command tells. */
function partOf({ type, activityType, input, workflowId, reason, values }: SeenEvent): number {
  switch (type) {
    case 'ActivityScheduled':
      return activityType === 'work'
        ? (input?.data as { id: number }).id
        : Number(activityType?.slice('step-'.length));
    case 'ChildWorkflowScheduled':
      return Number(workflowId?.split('-').at(-1));
    case 'ExternalSignalRequested':
      return Number(String(input?.data).split('/').at(-1));
    case 'ExternalCancelRequested':
      return Number(reason?.slice('part '.length));
    default:
      return Object.values((values?.data ?? {}) as Record<string, number>)[0] ?? NaN;
  }
}

function numberOf({ activityId, timerId, waitId, requestId, childId, seq }: SeenEvent): number {
  const id = activityId ?? waitId ?? timerId ?? requestId ?? childId;
  return id === undefined ? seq : Number(id.slice(1));
}
