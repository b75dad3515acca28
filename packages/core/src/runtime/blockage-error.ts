import {
  ForeignAwaitError,
  NondeterminismError,
  PerdureError,
  VersionNotSupportedError,
} from '../model/errors.js';
import type { Blockage } from '../replay/recorder.js';

/** What a run is blocked for, to be thrown at somebody who asked for it. */
export function blockageError({ code, message, details }: Blockage): PerdureError {
  switch (code) {
    case 'nondeterminism':
      return new NondeterminismError(message, details);
    case 'foreign_await':
      return new ForeignAwaitError(message);
    case 'version_not_supported':
      return new VersionNotSupportedError(message);
    default:
      return new PerdureError(code, message);
  }
}
