import { PerdureError, type ErrorDetails } from '@perdure/core';

/** The process of an attempt ended before the attempt did: it crashed, or was killed. The attempt is made again, as the retry policy says. Code `process_lost`. */
export class ProcessLostError extends PerdureError {
  constructor(message: string, details?: ErrorDetails) {
    super('process_lost', message, details);
  }
}
