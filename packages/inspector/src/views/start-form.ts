import type { Board } from '../board.js';
import { field, form, h } from '../dom.js';
import type { RunKey } from '../source.js';

/** Starts a workflow: a name and JSON. */
export function startForm(
  board: Board,
  workflows: readonly string[],
  started: (run: RunKey) => void,
): HTMLDetailsElement {
  const names = h('datalist', { id: 'names' }, ...workflows.map((name) => h('option', { value: name })));
  const fields = [
    field('Name', 'name', { required: true, list: 'names' }),
    names,
    h(
      'label',
      {},
      h('span', {}, 'Input, JSON'),
      h('textarea', { name: 'input', rows: '3', spellcheck: 'false' }),
    ),
    field('Id, or empty for a new one', 'id'),
    h('button', {}, 'Start'),
  ];
  const filled = form(
    fields,
    (value) => {
      board.attempt(async () => {
        const request = { name: value('name'), input: value('input'), id: value('id') };
        const run = await board.source.start(request);
        board.tell(`Started ${run.workflowId}`);
        filled.reset();
        started(run);
      });
    },
    { class: 'bar', 'aria-label': 'Start a workflow' },
  );
  return h('details', {}, h('summary', {}, 'Start a workflow'), filled);
}
