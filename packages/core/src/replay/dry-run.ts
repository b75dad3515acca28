import { isCommandEvent, isInputEvent } from '../model/events.js';
import type {
  ActivityScheduled,
  CommandEvent,
  InputEvent,
  RunEvent,
  SideEffectRecorded,
  Unplaced,
  VersionMarkerRecorded,
  WorkflowStarted,
} from '../model/events.js';
import { samePayload } from '../model/payload.js';
import type { EpochMs } from '../model/time.js';
import { callSite } from './call-site.js';
import { WorkflowInstance, type WorkflowCode } from './instance.js';
import type { InstanceHost } from './instance-host.js';
import { Recorder } from './recorder.js';
import type { ActivityWait, Wait } from './waits.js';

/** A command that today's code gave, and where. */
export interface Produced {
  readonly command: Unplaced<CommandEvent>;
  readonly at: string | undefined;
}

/** Takes every command as it comes. What history recorded of chance and versions is what the code is told. */
class ProducedCommands extends Recorder {
  readonly produced: Produced[] = [];
  readonly #effects: SideEffectRecorded[];
  readonly #markers: readonly VersionMarkerRecorded[];
  readonly #most: number;

  constructor(workflowType: string, commands: readonly CommandEvent[]) {
    super(workflowType, () => undefined);
    this.#most = commands.length + mostBeyond;
    this.#effects = commands.filter((event) => event.type === 'SideEffectRecorded');
    this.#markers = commands.filter((event) => event.type === 'VersionMarkerRecorded');
  }

  override get replaying(): boolean {
    return true;
  }

  override takeMarker(changeId: string): VersionMarkerRecorded | undefined {
    const marker = this.#markers.find((event) => event.changeId === changeId);
    if (marker) this.produced.push({ command: marker, at: undefined });
    return marker;
  }

  override emit<E extends CommandEvent>(command: Unplaced<E>): E {
    this.guard(command.type);
    this.produced.push({ command: command, at: callSite(new Error('Call').stack) });
    const isEffect = command.type === 'SideEffectRecorded';
    const recorded = isEffect ? this.#effects.shift() : undefined;
    if ((isEffect && !recorded) || this.produced.length > this.#most) {
      const message = 'What comes next is not known';
      this.block({ code: 'unknown', message });
      throw new Error(message);
    }
    return (recorded ?? { seq: 0, at: this.now, ...command }) as E;
  }
}

/** So many commands beyond what was recorded: code that runs on and on is not followed further. */
const mostBeyond = 500;

/**
 * Runs code on what the world did to a recorded run, past the point where the two part, to see where it goes from there:
 * outcomes go to whichever of its calls is most like the one that they were recorded for, timers that were added fire by
 * themselves, and nothing is made up. Where what comes next is not known, it ends. Nothing of it is written.
 */
export class DryRun {
  readonly #instance: WorkflowInstance;
  readonly #commands: ProducedCommands;
  readonly #inputs: InputEvent[];
  readonly #scheduled: ReadonlyMap<string, ActivityScheduled>;

  /** Consumes the payloads of the events. */
  constructor(code: WorkflowCode, events: readonly RunEvent[], host: InstanceHost) {
    const commands = events.filter(isCommandEvent);
    this.#inputs = events.filter(isInputEvent);
    this.#scheduled = new Map(
      commands.flatMap((event) => (event.type === 'ActivityScheduled' ? [[event.activityId, event]] : [])),
    );
    this.#commands = new ProducedCommands(code.name, commands);
    this.#instance = new WorkflowInstance(code, events[0] as WorkflowStarted, host, this.#commands);
  }

  get produced(): readonly Produced[] {
    return this.#commands.produced;
  }

  /** As `WorkflowInstance.step`. */
  step(): boolean {
    for (;;) {
      if (this.#instance.step()) return true;
      if (this.#instance.blockage || this.#instance.settlement || !this.#feedNext()) return false;
    }
  }

  #feedNext(): boolean {
    for (let next = this.#inputs[0]; next; next = this.#inputs[0]) {
      const { seq: _seq, at, ...recorded } = next;
      const input = this.#translated(recorded);
      if (input && this.#instance.accepts(input)) {
        this.#inputs.shift();
        this.#instance.feedNew(input, at);
        return true;
      }
      if (this.#fireTimer(at)) return true;
      this.#inputs.shift();
    }
    return this.#fireTimer(this.#instance.recorder.now);
  }

  /** An added timer may be what keeps the code from the call that an outcome is for. */
  #fireTimer(at: EpochMs): boolean {
    const timer = [...this.#instance.waits.all()].find((wait) => wait.kind === 'timer' && wait.deferred);
    if (!timer) return false;
    this.#instance.feedNew({ type: 'TimerFired', timerId: timer.id }, at);
    return true;
  }

  /** The same for the call of today's code that is most like the recorded one. */
  #translated(input: Unplaced<InputEvent>): Unplaced<InputEvent> | undefined {
    if ('activityId' in input) {
      const recorded = this.#scheduled.get(input.activityId);
      const wait = recorded && mostAlike(recorded, this.#instance.waits.all());
      return wait && { ...input, activityId: wait.id };
    }
    if (input.type !== 'TimerFired' || this.#instance.waits.get(input.timerId)) return input;
    const timer = [...this.#instance.waits.all()].find((wait) => wait.kind === 'timer');
    return timer && { ...input, timerId: timer.id };
  }
}

function mostAlike(recorded: ActivityScheduled, waits: Iterable<Wait>): ActivityWait | undefined {
  const activities = [...waits].filter((wait) => wait.kind === 'activity');
  const sameType = activities.filter(({ scheduled }) => scheduled.activityType === recorded.activityType);
  const sameInput = (wait: ActivityWait): boolean => samePayload(wait.scheduled.input, recorded.input);
  return sameType.find(sameInput) ?? sameType[0] ?? activities.find(sameInput);
}
