/** What each worker process is to do; it travels as JSON. */
export interface WorkerPlan {
  readonly store: string;
  readonly namespace: string | undefined;
  readonly modules: readonly string[];
  readonly taskQueues: readonly string[];
  readonly buildId: string | undefined;
  /** Largest pause between looks at the store. Milliseconds. */
  readonly tickMs: number;
  /** Activities at once. */
  readonly batch: number;
  /** Ends by itself after so many ticks. */
  readonly iterations: number | undefined;
}

/** What a worker process tells its supervisor. */
export type WorkerReport =
  { readonly kind: 'ready' } | { readonly kind: 'unable'; readonly sentence: string };
