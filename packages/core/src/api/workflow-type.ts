import type { Carries } from './carries.js';
import type { Messages } from './messages.js';

/** What workflow code needs to know of another workflow: any definition is one. */
export interface WorkflowType<I, O, M extends Messages> {
  readonly name: string;
  readonly messages: M;
  readonly input: Carries<I>;
  readonly output: Carries<O>;
}
