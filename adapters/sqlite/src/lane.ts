import type { Namespace, TaskKind, TaskRecord, TaskWant } from '@perdure/core/storage';

/** What the tasks of one lane have in common. */
export type LaneFields = Pick<TaskRecord, 'namespace' | 'kind' | 'queue' | 'type' | 'buildId' | 'priority'>;

/**
 * The lane of a task is one text, `default/activity/main/charge//5`: namespace, kind, queue, type, build and priority.
 * All tasks of a lane can be claimed by the same workers, so a claim looks at the head of each lane and never walks past
 * tasks that others are meant to take.
 */
export function laneOf({ namespace, kind, queue, type, buildId, priority }: TaskRecord): string {
  const build = buildId === null ? '' : part(buildId);
  return `${part(namespace)}/${kind}/${part(queue)}/${part(type)}/${build}/${priority}`;
}

/** What the lanes of a queue begin with. */
export function lanePrefix(namespace: Namespace, kind: TaskKind, queue: string): string {
  return `${part(namespace)}/${kind}/${part(queue)}/`;
}

const parsed = new Map<string, LaneFields>();

export function laneFields(lane: string): LaneFields {
  let fields = parsed.get(lane);
  if (fields === undefined) {
    const [namespace = '', kind = '', queue = '', type = '', build = '', priority = ''] = lane.split('/');
    fields = {
      namespace: whole(namespace),
      kind: kind as TaskKind,
      queue: whole(queue),
      type: whole(type),
      buildId: build === '' ? null : whole(build),
      priority: Number(priority),
    };
    if (parsed.size > 1_000) parsed.clear();
    parsed.set(lane, fields);
  }
  return fields;
}

/** Whether tasks of a lane are wanted, by a worker of that build; undefined: of any. */
export function isWanted(lane: string, namespace: Namespace, want: TaskWant, build?: string | null): boolean {
  const fields = laneFields(lane);
  return (
    fields.namespace === namespace &&
    fields.kind === want.kind &&
    want.queues.includes(fields.queue) &&
    (want.types === null || want.types.includes(fields.type)) &&
    (build === undefined || fields.buildId === null || fields.buildId === build)
  );
}

const special = /[/%]/;

/** Of a name only `/` and `%` are written otherwise, and the empty one as a lone `%`. */
function part(name: string): string {
  if (name === '') return '%';
  return special.test(name) ? name.replaceAll('%', '%25').replaceAll('/', '%2F') : name;
}

function whole(text: string): string {
  if (text === '%') return '';
  return text.replaceAll('%2F', '/').replaceAll('%25', '%');
}
