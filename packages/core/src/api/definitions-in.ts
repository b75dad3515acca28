import type { ActivityImplementation } from './define-activity.js';
import type { WorkflowImplementation } from './define-workflow.js';

/**
 * The workflows and activities that modules export, for `createEngine`: code is registered by being exported. Takes
 * module namespaces, and records of them as bundlers make them of a folder. Contracts without code and everything else
 * are left out; what is exported twice counts once.
 *
 * @example
 * ```ts
 * import { createEngine, definitionsIn, type Storage } from '@perdure/core';
 *
 * export const start = async (storage: Storage, folder: Record<string, object>) =>
 *   createEngine({ storage, ...definitionsIn(folder) }); // import.meta.glob('./workflows/*.ts', { eager: true })
 * ```
 */
export function definitionsIn(...modules: readonly object[]): {
  workflows: WorkflowImplementation<any, any, any, any, any>[];
  activities: ActivityImplementation<any, any>[];
} {
  const workflows = new Set<WorkflowImplementation<any, any, any, any, any>>();
  const activities = new Set<ActivityImplementation<any, any>>();
  const collect = (exported: object, deeper: boolean): void => {
    for (const value of Object.values(exported) as unknown[]) {
      if (typeof value !== 'object' || value === null) continue;
      if (!('fn' in value && 'implement' in value)) {
        if (deeper) collect(value, false);
      } else if ('messages' in value) {
        workflows.add(value as WorkflowImplementation<any, any, any, any, any>);
      } else activities.add(value as ActivityImplementation<any, any>);
    }
  };
  for (const module of modules) collect(module, true);
  return { workflows: [...workflows], activities: [...activities] };
}
