import { decodeEvent } from '../../codec/events.js';
import type { ChildRef, RunEvent } from '../../model/events.js';
import type { RunId } from '../../model/ids.js';
import { cancelBatch } from '../client/cancel.js';
import { readRun } from '../client/read-run.js';
import { terminationBatch } from '../client/termination.js';
import type { Core } from '../core.js';
import type { Errand } from './errand.js';
import { askingRun, openChild, type AskingRun } from './requests.js';

const eventPage = 1_000;
const reason = 'The parent workflow has ended';

/** Does to the children that a closed run has left what their policies say. Doing it again changes nothing. */
export async function closeChildren(errand: Errand): Promise<void> {
  const { core } = errand;
  const parent = askingRun(await readRun(core, errand.runId));
  const children = await childrenOf(core, errand.runId);
  await Promise.all(children.map((child) => closeChild(core, parent, child)));
  await errand.end();
}

async function closeChild(core: Core, parent: AskingRun, { workflowId, policy }: ChildRef): Promise<void> {
  if (policy === 'abandon') return;
  for (;;) {
    const child = await openChild(core, parent, workflowId);
    if (!child) return;
    const batch =
      policy === 'terminate'
        ? await terminationBatch(core, child, reason, child.isCurrent)
        : await cancelBatch(core, child, { reason });
    if (!(await core.committer.commit(batch)).ok) continue;
    core.worker?.poke(child.runId);
    return;
  }
}

/** The children that a run has asked for or taken over, and has not heard the end of. */
async function childrenOf(core: Core, runId: RunId): Promise<readonly ChildRef[]> {
  const inherited: ChildRef[] = [];
  const own = new Map<string, ChildRef>();
  const take = (event: RunEvent): void => {
    if (event.type === 'WorkflowStarted') inherited.push(...(event.children ?? []));
    else if (event.type === 'ChildWorkflowScheduled')
      own.set(event.childId, { workflowId: event.workflowId, policy: event.parentClosePolicy });
    else if ('childId' in event && event.type !== 'ChildWorkflowStarted' && !isRequest(event))
      own.delete(event.childId);
  };
  for (let from = 1; ;) {
    const page = await core.storage.readEvents(runId, { from, limit: eventPage });
    for (const body of page) take(decodeEvent(body));
    if (page.length < eventPage) return [...inherited, ...own.values()];
    from += page.length;
  }
}

function isRequest({ type }: RunEvent): boolean {
  return type === 'ChildWorkflowCancelRequested' || type === 'ExternalSignalRequested';
}
