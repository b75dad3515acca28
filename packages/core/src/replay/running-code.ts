import type { WorkflowStarted } from '../model/events.js';
import type { Payload, TextPayload } from '../model/payload.js';
import type { ContinueAsNewOptions } from './continuation.js';
import type { BufferedSignals, UpdateHandlers } from './buffered-signals.js';
import type { InstanceHost } from './instance-host.js';
import type { Published } from './published.js';
import type { SeededRandom } from './random.js';
import type { Recorder } from './recorder.js';
import type { Scope } from './scope.js';
import type { Scopes } from './scopes.js';
import type { Wait, Waits } from './waits.js';

/** A run in memory as its context and its mailbox see it. */
export interface RunningCode {
  readonly started: WorkflowStarted;
  readonly host: InstanceHost;
  readonly recorder: Recorder;
  readonly scopes: Scopes;
  readonly waits: Waits;
  readonly random: SeededRandom;
  readonly mailbox: BufferedSignals;
  readonly published: Published;
  readonly updates: UpdateHandlers;
  readonly historyBytes: number;
  /** The messages that the type declares, by name; none: it takes any. */
  readonly messages: Readonly<Record<string, { readonly kind: string }>>;
  /** The run goes on as another one: what comes now is for that one. */
  readonly continuing: boolean;
  /** Newest value of `ctx.setState`. */
  state: TextPayload | undefined;
  readonly encode: (value: unknown) => TextPayload;
  /** Consumes the payload. */
  decode(payload: Payload): unknown;
  /** A name for the next thing that this run waits for. */
  nextId(prefix: string): string;
  /** Ends the workflow with an error, unless it has ended. */
  fail(error: unknown): void;
  /** Ends this run, to go on as another one. Returns what unwinds the workflow's function. */
  continueAsNew(input: unknown, options: ContinueAsNewOptions | undefined): Error;
  /** Takes a wait out and rejects it. */
  cancelWait(wait: Wait, error: Error): void;
  /** Cancels a scope and what is below it. */
  cancelScope(scope: Scope, message: string): void;
  /** Cancels the timer of a wait that has ended otherwise. */
  dropTimer(timerId: string | undefined): void;
}
