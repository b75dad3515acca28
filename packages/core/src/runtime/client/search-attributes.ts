import { StorageError } from '../../model/errors.js';
import { systemAttributes } from '../../model/search-attributes.js';
import { isMoment, readAttributes, type AttributeValue } from '../../storage/attributes.js';
import type { RunRecord } from '../../storage/records.js';

/** The values of a run, as they were given; what every run has is not among them. */
export function attributeValues({
  attributes,
  runId,
}: Pick<RunRecord, 'attributes' | 'runId'>): Record<string, unknown> {
  let stored: ReadonlyMap<string, AttributeValue>;
  try {
    stored = readAttributes(attributes);
  } catch (cause) {
    throw new StorageError(
      'storage_corrupt',
      `The search attributes of run ${runId} cannot be read: they were changed from outside, or the medium is damaged`,
      { retryable: false, outcome: 'not-applied' },
      { cause },
    );
  }
  return Object.fromEntries(
    [...stored]
      .filter(([name]) => name !== systemAttributes.FailureType.attribute)
      .map(([name, value]) => [name, isMoment(value) ? new Date(value.at) : value]),
  );
}
