import { PayloadError } from '../model/errors.js';

/** A value that is not written. `path` says where in it, as in `items[2].price`. */
export function refusal(message: string, path: string, cause?: unknown): PayloadError {
  const where = path.length <= 500 ? path : `${path.slice(0, 500)}…`;
  return new PayloadError(
    `${where === '' ? 'The value' : `The value at '${where}'`} is refused: ${message}`,
    where,
    {
      cause,
    },
  );
}

/** A stored value that is not read. */
export function unreadable(message: string, cause?: unknown): PayloadError {
  return new PayloadError(`A stored value cannot be read: ${message}`, '', { cause });
}
