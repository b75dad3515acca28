import { StorageError } from '../../model/errors.js';
import type { Batch, CommitResult } from '../../storage/port.js';
import type { Core } from '../core.js';

/** `unknown`: the store could not say. Read again before deciding; a repeat is harmless where its expectations are. */
export type Attempted = CommitResult | 'unknown';

export function attemptCommit(core: Core, batch: Batch): Promise<Attempted> {
  return orUnknown(core.committer.commit(batch));
}

export async function orUnknown(commit: Promise<CommitResult>): Promise<Attempted> {
  try {
    return await commit;
  } catch (error) {
    if (error instanceof StorageError && error.outcome === 'unknown') return 'unknown';
    throw error;
  }
}

/** How often a command reads again and decides anew before it gives up. */
export const mostRounds = 100;

export function gaveUp(what: string): StorageError {
  return new StorageError(
    'storage_busy',
    `${what} was refused ${mostRounds} times because the run kept changing; try again`,
    {
      retryable: true,
      outcome: 'not-applied',
    },
  );
}
