import { sameValue } from '../codec/same-value.js';
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
import type { Payload } from '../model/payload.js';
import type { EpochMs } from '../model/time.js';
import { callSite } from './call-site.js';
import { WorkflowInstance, type WorkflowCode } from './instance.js';
import type { InstanceHost } from './instance-host.js';
import { placeholder, somePayload } from './placeholder.js';
import { Recorder } from './recorder.js';
import type { Supposed } from './supposed.js';
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
  readonly #supposed: Supposed | undefined;

  constructor(workflowType: string, commands: readonly CommandEvent[], supposed: Supposed | undefined) {
    super(workflowType, () => undefined);
    this.#supposed = supposed;
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
    const isAdded = this.#supposed?.takes(command, this.produced.length) === true;
    const isEffect = command.type === 'SideEffectRecorded';
    const recorded = isEffect ? (isAdded ? someEffect : this.#effects.shift()) : undefined;
    if ((isEffect && !recorded) || this.produced.length > this.#most) {
      const message = 'What comes next is not known';
      this.block({ code: 'unknown', message });
      throw new Error(message);
    }
    return { seq: 0, at: this.now, ...command, ...recorded } as E;
  }
}

const someEffect = { value: somePayload };

/** Reads placeholders as what they are. */
class TriedInstance extends WorkflowInstance {
  override decode(payload: Payload): unknown {
    return payload === somePayload ? placeholder() : super.decode(payload);
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
  readonly #supposed: Supposed | undefined;

  /** Consumes the payloads of the events. */
  constructor(code: WorkflowCode, events: readonly RunEvent[], host: InstanceHost, supposed?: Supposed) {
    this.#supposed = supposed;
    const commands = events.filter(isCommandEvent);
    this.#inputs = events.filter(isInputEvent);
    this.#scheduled = new Map(
      commands.flatMap((event) => (event.type === 'ActivityScheduled' ? [[event.activityId, event]] : [])),
    );
    this.#commands = new ProducedCommands(code.name, commands, supposed);
    this.#instance = new TriedInstance(code, events[0] as WorkflowStarted, host, this.#commands);
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
    if (this.#supposed && this.#answerAdded(this.#supposed)) return true;
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

  #answerAdded(supposed: Supposed): boolean {
    const { waits, children, recorder } = this.#instance;
    const wait = [...waits.all()].find(({ id }) => supposed.has(id));
    if (!wait) return false;
    const isUnheardOf = children.open.has(wait.id) && children.open.get(wait.id)?.runId === undefined;
    this.#instance.feedNew(this.#answerTo(wait, isUnheardOf), recorder.now);
    return true;
  }

  #answerTo(wait: Wait, isUnheardOf: boolean): Unplaced<InputEvent> {
    const { id } = wait;
    switch (wait.kind) {
      case 'activity':
        return { type: 'ActivityCompleted', activityId: id, attempt: 1, result: somePayload };
      case 'child':
        return isUnheardOf
          ? { type: 'ChildWorkflowStarted', childId: id, runId: id }
          : { type: 'ChildWorkflowCompleted', childId: id, runId: id, result: somePayload };
      case 'request':
        return { type: 'ExternalRequestCompleted', requestId: id };
      case 'signal':
        return { type: 'SignalReceived', messageId: `for:${id}`, name: wait.name, input: somePayload };
      case 'condition': // looked at after any input
        this.#instance.waits.take('condition', id);
        this.#instance.waits.add({ ...wait, predicate: () => true });
        return { type: 'TimerFired', timerId: '' };
      case 'timer':
        return { type: 'TimerFired', timerId: id };
    }
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
  const sameInput = (wait: ActivityWait): boolean => sameValue(wait.scheduled.input, recorded.input);
  return sameType.find(sameInput) ?? sameType[0] ?? activities.find(sameInput);
}
