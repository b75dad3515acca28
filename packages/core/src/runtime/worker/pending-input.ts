import type { InputEvent, Unplaced } from '../../model/events.js';
import type { EpochMs } from '../../model/time.js';
import type { MessageRecord, TaskRecord } from '../../storage/records.js';

/** Something that has happened to a run, in the order this process learned of it. */
export interface PendingInput {
  readonly input: Unplaced<InputEvent>;
  readonly at: EpochMs;
  /** The task that this settles, where the activity ran here. */
  readonly task?: TaskRecord;
  /** The task that ends with this, its time being up. */
  readonly expires?: TaskRecord;
  /** What it was in the inbox, where it came from there. */
  readonly message?: MessageRecord;
}
