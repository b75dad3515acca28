import {
  InvalidArgumentError,
  type ActivityDefinition,
  type ActivityFn,
  type ActivityImplementation,
} from '@perdure/core';

/**
 * Another implementation under the name and contract of an activity, for a test engine in the place of the real one.
 *
 * ```ts
 * const engine = await createTestEngine({
 *   workflows: [order],
 *   activities: [mockActivity(charge, async () => ({ receipt: 'test' }))],
 * });
 * ```
 */
export function mockActivity<I, O>(
  activity: ActivityDefinition<I, O>,
  fn: ActivityFn<I, O>,
): ActivityImplementation<I, O> {
  if (typeof (activity as Partial<typeof activity> | null)?.implement !== 'function') {
    throw new InvalidArgumentError('The activity cannot be mocked', [
      { path: 'activity', message: 'must be what defineActivity returned' },
    ]);
  }
  return activity.implement(fn);
}
