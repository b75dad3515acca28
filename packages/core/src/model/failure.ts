import type { Payload } from './payload.js';

/** An error as history keeps it: bounded, and safe to read back anywhere. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly nonRetryable?: boolean;
  readonly details?: unknown;
  readonly cause?: Failure;
}

/** A failure inside a record: like `Failure`, with the details still encoded. */
export interface FailureRecord {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly nonRetryable?: boolean;
  readonly details?: Payload;
  readonly cause?: FailureRecord;
}
