import { EngineClosedError } from '../model/errors.js';
import { describeActivity, readActivity } from '../runtime/client/activity-result.js';
import type { ActivityDescription } from '../runtime/client/describe-activity.js';
import type { OpenCore } from '../runtime/client/open-core.js';
import { pulled, type LiveStream } from './live-stream.js';
import { nextOrPoll } from './polling.js';
import { encodedText } from './query-stream.js';

/** A standalone activity as it stands, then whenever that is another; completes after its end. */
export function observeActivity(core: OpenCore, activityId: string): LiveStream<ActivityDescription> {
  return pulled(core.log, async function* (changes) {
    changes.onEnd(
      core.onClose(() => {
        changes.end(new EngineClosedError());
      }),
    );
    const { runId } = await core.command(() => readActivity(core, activityId));
    changes.onEnd(core.feed.onRun(runId, changes.mark));
    let told = '';
    for (let cost = 0; await nextOrPoll(core.clock, changes, cost);) {
      const began = core.clock.now();
      const activity = await core.command(() => describeActivity(core, activityId));
      cost = core.clock.now() - began;
      const text = encodedText(activity);
      if (text !== told) yield [activity];
      told = text;
      if (activity.status !== 'running') return;
    }
  });
}
