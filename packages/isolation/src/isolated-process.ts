import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { UnknownActivityError, type ActivityContext } from '@perdure/core';
import { encodeFailure, rebuildError } from '@perdure/core/internal';
import { pack, unpack, type FromProcess, type ToProcess } from './messages.js';
import { ProcessLostError } from './process-lost-error.js';

// Captured here: an application's fake timers must not stop what ends a process.
const { setTimeout, clearTimeout } = globalThis;

export interface ProcessOptions {
  /** URL of the module with the activities. */
  readonly module: string;
  readonly execArgv: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  /** How long code that was told to stop may take before it is killed. Milliseconds. */
  readonly killAfter: number;
}

interface Attempt {
  readonly activity: ActivityContext;
  /** Resolves when its code has ended, or the process has. */
  readonly done: Promise<void>;
  settle(outcome: () => unknown): void;
}

/** A process that runs the activities of one module, one attempt at a time. */
export class IsolatedProcess {
  /** Attempts that it has begun. */
  begun = 0;
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #killAfter: number;
  #attempt: Attempt | undefined;
  #over = false;

  constructor({ module, execArgv, env, killAfter }: ProcessOptions) {
    this.#killAfter = killAfter;
    this.#child = fork(childFile(), [module], {
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(env && { env: { ...process.env, ...env } }),
    });
    this.#child.on('message', (message) => {
      this.#heard(message as FromProcess);
    });
    this.ended = new Promise((resolve) => {
      const over = (how: string, cause?: unknown): void => {
        this.#over = true;
        this.#lost(how, cause);
        resolve();
      };
      this.#child.once('exit', (code, signal) => {
        over(signal === null ? `ended with code ${String(code)}` : `ended with ${signal}`);
      });
      this.#child.once('error', (error) => {
        if (this.#child.pid === undefined) over('could not be started', error);
      });
    });
    this.rest();
  }

  get alive(): boolean {
    return !this.#over && this.#child.connected;
  }

  /** One attempt: settles as its code does. Rejects with the reason as soon as the attempt is stopped; `idle` then waits for what is left of it. */
  run(activityType: string, input: unknown, activity: ActivityContext): Promise<unknown> {
    const { info, idempotencyKey } = activity;
    const message: ToProcess = {
      kind: 'run',
      activityType,
      input: pack(input),
      info: pack(info),
      idempotencyKey,
      lastHeartbeat: pack(activity.lastHeartbeat()),
    };
    this.begun += 1;
    this.#child.ref();
    this.#child.channel?.ref();
    return new Promise((resolve, reject) => {
      let end = (): void => undefined;
      const done = new Promise<void>((ended) => {
        end = ended;
      });
      const settle = (outcome: () => unknown): void => {
        this.#attempt = undefined;
        activity.signal.removeEventListener('abort', stop);
        try {
          resolve(outcome());
        } catch (error) {
          reject(error);
        }
        end();
      };
      const stop = (): void => {
        const reason = activity.signal.reason as Error & { code?: string };
        this.#send({ kind: 'abort', reason: encodeFailure(reason), code: reason.code });
        this.#killUnlessIdle();
        reject(reason);
      };
      this.#attempt = { activity, done, settle };
      if (activity.signal.aborted) {
        settle(() => {
          throw activity.signal.reason;
        });
        return;
      }
      activity.signal.addEventListener('abort', stop);
      this.#send(message);
    });
  }

  /** Resolves once it runs nothing, or is gone. */
  async idle(): Promise<void> {
    await this.#attempt?.done;
  }

  /** Nothing is to be done: it does not keep this process alive. */
  rest(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }

  /** Ends it: an idle one by itself, once the channel is closed; one that does not is killed. */
  async end(): Promise<void> {
    if (this.#over) return;
    if (this.#attempt) this.#child.kill('SIGKILL');
    else if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#killAfter);
    await this.ended;
    clearTimeout(timer);
  }

  #killUnlessIdle(): void {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#killAfter);
    void this.idle().then(() => {
      clearTimeout(timer);
    });
  }

  #send(message: ToProcess): void {
    if (!this.alive) {
      this.#lost('is gone');
      return;
    }
    this.#child.send(message, (error) => {
      if (error && !this.#over) this.#child.kill('SIGKILL'); // its end tells the rest
    });
  }

  #heard(message: FromProcess): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    try {
      this.#take(message, attempt);
    } catch (error) {
      // Such as details that are larger than this engine takes: the code would have been told so at its call.
      attempt.settle(() => {
        throw error;
      });
      this.#child.kill('SIGKILL');
    }
  }

  #take(message: FromProcess, attempt: Attempt): void {
    switch (message.kind) {
      case 'heartbeat':
        // Where it is stopped, the code is on its way to hear of it.
        if (!attempt.activity.signal.aborted) attempt.activity.heartbeat(unpack(message.details));
        return;
      case 'log':
        attempt.activity.log[message.level](
          message.message,
          unpack(message.fields) as Record<string, unknown> | undefined,
        );
        return;
      case 'completed':
        attempt.settle(() => unpack(message.result));
        return;
      case 'failed':
        attempt.settle(() => {
          throw rebuildError(message.failure);
        });
        return;
      case 'later':
        attempt.settle(() => attempt.activity.completeLater());
        return;
      case 'unknown':
        attempt.settle(() => {
          const { activityType } = attempt.activity.info;
          throw new UnknownActivityError(
            `The isolated module has no activity '${activityType}'; it exports: ${message.known.join(', ') || 'none'}`,
          );
        });
    }
  }

  #lost(how: string, cause?: unknown): void {
    const { pid } = this.#child;
    this.#attempt?.settle(() => {
      throw new ProcessLostError(
        `The process ${pid === undefined ? '' : `${pid} `}of the activity ${how} before the attempt did`,
        { cause },
      );
    });
  }
}

/** Beside this file: as it was built, or as it was written. */
function childFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./child.${extension}`, import.meta.url));
}
