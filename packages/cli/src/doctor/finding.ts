/** One thing that was looked at. A `problem` needs somebody; a `warning` may. */
export interface Finding {
  readonly state: 'fine' | 'warning' | 'problem';
  /** What was looked at. */
  readonly about: string;
  readonly text: string;
}

export const fine = (about: string, text: string): Finding => ({ state: 'fine', about, text });
export const warning = (about: string, text: string): Finding => ({ state: 'warning', about, text });
export const problem = (about: string, text: string): Finding => ({ state: 'problem', about, text });
