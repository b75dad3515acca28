import { StorageError, isPerdureError, type Engine } from '@perdure/core';
import type { TestEngineOptions } from '@perdure/testing';
import type { World } from './world.js';

/** Code that is deployed, and what its users do while it is. What they ask for carries ids, so that it may be repeated. */
export interface Deployment {
  readonly workflows?: TestEngineOptions['workflows'];
  readonly activities?: TestEngineOptions['activities'];
  /** Resolves to what its users have seen. */
  readonly use: (engine: Engine) => Promise<unknown>;
}

/** A reference workflow: its deployments, one after the other, on one store. */
export interface Program {
  readonly name: string;
  readonly deployments: (world: World) => readonly Deployment[];
}

/** What users do when the other end has died or could not say: ask again, with the same ids. */
export async function surely<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const again =
        error instanceof StorageError || (isPerdureError(error) && error.code === 'engine_closed');
      if (!again) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** What a promise rejects with, as text. */
export function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `resolved to ${JSON.stringify(value)}`,
    (error: unknown) => (isPerdureError(error) ? error.code : String(error)),
  );
}

/** Sends what may have arrived before, and may have been all that the workflow waited for. */
export async function tell(ask: () => Promise<void>): Promise<void> {
  await surely(ask).catch((error: unknown) => {
    if (!isPerdureError(error) || error.code !== 'workflow_not_active') throw error;
  });
}
