/** What runs in a process of the pool: one module's activities, one attempt at a time. Started by `isolated-process.ts`. */
import { definitionsIn, type ActivityContext, type ActivityImplementation } from '@perdure/core';
import { CompleteLater, encodeFailure, isCompleteLater, rebuildError } from '@perdure/core/internal';
import {
  pack,
  unpack,
  type FromProcess,
  type LogLevel,
  type RunMessage,
  type Stored,
  type ToProcess,
} from './messages.js';
import { dieWithParent } from './die-with-parent.js';

dieWithParent();
const [module = ''] = process.argv.slice(2);
/** Errors of the module itself are told with the first attempt. */
const loaded = load();
let running: AbortController | undefined;

process.on('message', (message: ToProcess) => {
  if (message.kind === 'run') void run(message).then(say);
  else running?.abort(reasonOf(message));
});

async function load(): Promise<ReadonlyMap<string, ActivityImplementation<unknown, unknown>>> {
  const { activities } = definitionsIn((await import(module)) as object);
  return new Map(activities.map((activity) => [activity.name, activity]));
}
loaded.catch(() => undefined); // told with the first attempt

async function run(message: RunMessage): Promise<FromProcess> {
  const controller = (running = new AbortController());
  try {
    const activities = await loaded;
    const activity = activities.get(message.activityType);
    if (!activity) return { kind: 'unknown', known: [...activities.keys()] };
    const result = await activity.fn(unpack(message.input), contextOf(message, controller.signal));
    return completed(result);
  } catch (error) {
    return isCompleteLater(error) ? { kind: 'later' } : { kind: 'failed', failure: encodeFailure(error) };
  } finally {
    if (running === controller) running = undefined;
  }
}

/** A result that cannot be stored will not be better the next time. */
function completed(result: unknown): FromProcess {
  try {
    return { kind: 'completed', result: pack(result) };
  } catch (error) {
    return { kind: 'failed', failure: { ...encodeFailure(error), nonRetryable: true } };
  }
}

function contextOf(
  { info, idempotencyKey, lastHeartbeat }: RunMessage,
  signal: AbortSignal,
): ActivityContext {
  const at =
    (level: LogLevel) =>
    (message: string, fields?: Record<string, unknown>): void => {
      say({ kind: 'log', level, message, fields: fieldsOf(fields) });
    };
  return {
    info: unpack(info) as ActivityContext['info'],
    signal,
    idempotencyKey,
    heartbeat: (details) => {
      signal.throwIfAborted();
      say({ kind: 'heartbeat', details: pack(details) });
    },
    lastHeartbeat: <D>() => unpack(lastHeartbeat) as D | undefined,
    completeLater: () => {
      throw new CompleteLater();
    },
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
  };
}

function fieldsOf(fields: Record<string, unknown> | undefined): Stored {
  try {
    return pack(fields);
  } catch (error) {
    return pack({ fields: `[not sent] ${(error as Error).message}` });
  }
}

function reasonOf({ reason, code }: Extract<ToProcess, { kind: 'abort' }>): Error {
  return Object.assign(rebuildError(reason), code !== undefined && { code });
}

function say(message: FromProcess): void {
  if (process.connected) process.send?.(message);
}
