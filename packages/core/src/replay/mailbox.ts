import type { SignalReceived } from '../model/events.js';
import type { BufferedSignals, MessageHandler } from './buffered-signals.js';
import type { RunningCode } from './running-code.js';
import type { BufferedSignal } from './waits.js';

/**
 * Signals on their way into workflow code, and the handlers that take them.
 * A signal goes to the oldest `waitSignal` of its name, else to its handler, else into the buffer. A handler that is
 * registered later takes what is buffered, one at a time with a drain between, before any condition is looked at.
 */
export class Mailbox implements BufferedSignals {
  readonly queries = new Map<string, MessageHandler>();
  readonly #handlers = new Map<string, MessageHandler>();
  readonly #buffer: BufferedSignal[] = [];
  readonly #run: RunningCode;

  constructor(run: RunningCode) {
    this.#run = run;
  }

  /** Whether a message alone can move the run. */
  get listens(): boolean {
    return this.#handlers.size > 0;
  }

  /** What this run has accepted and no code has taken, in order: the next run of the chain gets it. */
  untaken(): readonly BufferedSignal[] {
    return this.#buffer;
  }

  handle(name: string, handler: MessageHandler): void {
    this.#handlers.set(name, handler);
  }

  receive(event: SignalReceived): void {
    if (this.#run.continuing) {
      this.#buffer.push(event);
      return;
    }
    const wait = this.#run.waits.firstSignal(event.name);
    if (wait) {
      this.#run.waits.take('signal', wait.id);
      this.#run.dropTimer(wait.timerId);
      this.#run.scopes.follow(wait);
      wait.deferred.resolve(this.#run.decode(event.input));
      return;
    }
    const handler = this.#handlers.get(event.name);
    if (handler) this.#call(handler, event);
    else this.#buffer.push(event);
  }

  /** Takes the oldest buffered signal of a name. */
  takeBuffered(name: string): BufferedSignal | undefined {
    const index = this.#buffer.findIndex((signal) => signal.name === name);
    return index < 0 ? undefined : this.#take(index);
  }

  #take(index: number): BufferedSignal {
    this.#run.recorder.answersAnother();
    return this.#buffer.splice(index, 1)[0] as BufferedSignal;
  }

  /** Hands one buffered signal to a handler that has come since; false where there is none. */
  deliverBuffered(): boolean {
    if (this.#buffer.length === 0 || this.#run.continuing || this.#handlers.size === 0) return false;
    const index = this.#buffer.findIndex((signal) => this.#handlers.has(signal.name));
    if (index < 0) return false;
    const signal = this.#take(index);
    this.#call(this.#handlers.get(signal.name) as MessageHandler, signal);
    return true;
  }

  /** A handler that throws fails the workflow, as an error in its own function would. */
  #call(handler: MessageHandler, signal: BufferedSignal): void {
    const argument = this.#run.decode(signal.input);
    const run = async (): Promise<unknown> => handler(argument);
    run().catch((error: unknown) => {
      this.#run.fail(error);
    });
  }
}
