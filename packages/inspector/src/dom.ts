type Child = Node | string;
type Attributes = Readonly<Record<string, string | boolean>>;

/** An element with attributes and children. Text goes in as text and never as markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function button(text: string, act: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const made = h('button', { type: 'button', ...attributes }, text);
  made.addEventListener('click', act);
  return made;
}

/** A labelled field of a form, named as its value is. */
export function field(label: string, name: string, attributes: Attributes = {}): HTMLLabelElement {
  return h('label', {}, h('span', {}, label), h('input', { name, autocomplete: 'off', ...attributes }));
}

/** As `field`, for one of a few values; none of them is '' and shown as `any`. */
export function choice(label: string, name: string, values: readonly string[]): HTMLLabelElement {
  const options = ['', ...values].map((value) => h('option', { value }, value === '' ? 'any' : value));
  return h('label', {}, h('span', {}, label), h('select', { name }, ...options));
}

/** A form that says what was filled in, instead of going anywhere. */
export function form(
  children: readonly Child[],
  submitted: (value: (name: string) => string) => void,
  attributes: Attributes = {},
): HTMLFormElement {
  const made = h('form', attributes, ...children);
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    const data = new FormData(made);
    submitted((name) => {
      const value = data.get(name);
      return typeof value === 'string' ? value : '';
    });
  });
  return made;
}

/** A moment as people read it, and as programs do. */
export function moment(iso: string): HTMLTimeElement {
  const at = new Date(iso);
  const text = Number.isNaN(at.getTime()) ? iso : iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
  return h('time', { datetime: iso, title: iso }, text);
}

export function badge(status: string): HTMLSpanElement {
  return h('span', { class: 'badge', 'data-status': status }, status.replaceAll('_', ' '));
}
