import { show } from '../show.js';
import { Reference } from './reference.js';
import { batchOf, type Step } from './script.js';

/** A script as one reads it: each step with its batches, as they come out on the reference. */
export function describeScript(script: readonly Step[]): string {
  const reference = new Reference();
  return script.map((step) => `    ${described(step, reference)}`).join('\n');
}

function described(step: Step, reference: Reference): string {
  switch (step.does) {
    case 'commit': {
      const batches = step.batches.map((plan) => {
        const batch = batchOf(plan, reference);
        reference.commit(batch);
        return batch;
      });
      return `client ${step.client}: commit ${show(batches, 20_000)}`;
    }
    case 'claim':
      reference.claim(step.request);
      return `client ${step.client}: claim ${show(step.request, 20_000)}`;
    case 'release':
      reference.release(step.owner);
      return `client ${step.client}: releaseLeases ${step.owner}`;
    case 'look':
      return `client ${step.client}: listRuns ${show(step.query)}, ${step.limit} at first`;
    case 'wait':
      return `client ${step.client}: nextWakeAt ${step.namespace} ${show(step.wants)}`;
    case 'reopen':
      return 'everything is closed and opened again';
  }
}
