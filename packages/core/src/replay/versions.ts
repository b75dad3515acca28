import { InvalidArgumentError, VersionNotSupportedError } from '../model/errors.js';
import type { RunningCode } from './running-code.js';

/** What a run goes by that was past a change before its code knew of it. */
const legacy = -1;

/**
 * Which version of each change a run goes by: decided at the first visit, and the same to the end of the run.
 *
 * - A visit that is new takes the newest version and records it as a marker.
 * - A visit on replay takes the recorded marker of its change id. Markers are found by id within their activation, not
 *   by place, so that two changes never get in each other's way. Without a marker the run was past this point before
 *   the change was made: `legacy`, which is not recorded, since every later replay comes to the same.
 * - `deprecatePatch` takes a marker where there is one, so that runs of patched code go on. At a new visit it records a
 *   marker as well, so that patched code which is still about during a roll-out, or is rolled back to, sees that the run
 *   went the new way. Such a marker is marked: code from which the call has gone altogether passes over it.
 *
 * So each step of patched, deprecated, removed replays the histories of its neighbours, in both directions; removing
 * `patched` at once does not, and blocks the runs that hold a marker.
 */
export class Versions {
  readonly #run: RunningCode;
  readonly #known = new Map<string, number>();

  constructor(run: RunningCode) {
    this.#run = run;
  }

  /** Throws `InvalidArgumentError`; blocks the run and throws `VersionNotSupportedError` where it goes by a version out of range. */
  get(changeId: string, minSupported: number, maxSupported: number): number {
    check(changeId, minSupported, maxSupported);
    const version = this.#known.get(changeId) ?? this.#decide(changeId, maxSupported, false);
    if (version >= minSupported && version <= maxSupported) return version;
    const error = new VersionNotSupportedError(
      `Run ${this.#run.started.runId} goes by version ${version} of change '${changeId}', and its code supports ${minSupported} to ${maxSupported}. Put back the code of that version, or let the run end with code that still has it.`,
    );
    this.#run.recorder.block({
      code: error.code,
      message: error.message,
      details: { changeId, version, minSupported, maxSupported, stack: error.stack },
    });
    throw error;
  }

  deprecate(changeId: string): void {
    check(changeId, legacy, 1);
    if (!this.#known.has(changeId)) this.#decide(changeId, 1, true);
  }

  #decide(changeId: string, newest: number, deprecated: boolean): number {
    const { recorder } = this.#run;
    // Taking the marker that a fork ends with ends its replay.
    const { replaying } = recorder;
    const version = replaying ? (recorder.takeMarker(changeId)?.version ?? legacy) : newest;
    if (!replaying) {
      recorder.emit({
        type: 'VersionMarkerRecorded',
        changeId,
        version,
        ...(deprecated && { deprecated: true as const }),
      });
    }
    this.#known.set(changeId, version);
    return version;
  }
}

function check(changeId: unknown, min: number, max: number): void {
  const issues = [];
  if (typeof changeId !== 'string' || changeId === '' || changeId.length > 191)
    issues.push({ path: 'changeId', message: 'must be a name of 1 to 191 characters' });
  if (!Number.isSafeInteger(min) || min < legacy)
    issues.push({ path: 'minSupported', message: `must be a whole number, ${legacy} or more` });
  if (!Number.isSafeInteger(max) || max < min)
    issues.push({ path: 'maxSupported', message: 'must be a whole number, not below minSupported' });
  if (issues.length > 0) throw new InvalidArgumentError('The change has no such version', issues);
}
