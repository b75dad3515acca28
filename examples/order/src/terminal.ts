import type { WriteStream } from 'node:tty';

const eraseBelow = '\u001B[0J';
const up = (lines: number): string => (lines > 0 ? `\u001B[${lines}F` : '');
const dim = (text: string): string => `\u001B[2m${text}\u001B[22m`;
const bold = (text: string): string => `\u001B[1m${text}\u001B[22m`;

/**
 * Lines that stay, and below them a view that is drawn again and again. Where the output is no terminal, the view is
 * one line each time its first line has changed, and there is no control sequence at all.
 */
export class Terminal {
  readonly #out: WriteStream;
  #view: readonly string[] = [];

  constructor(out: WriteStream) {
    this.#out = out;
    // The reader of a pipe, or the terminal itself, may go away first.
    out.on('error', () => undefined);
  }

  say(...lines: readonly string[]): void {
    const view = this.#view;
    this.#erase();
    this.#write(lines);
    this.draw(view);
  }

  headline(text: string): void {
    this.say('', this.#out.isTTY ? bold(text) : text);
  }

  draw(view: readonly string[]): void {
    if (!this.#out.isTTY) {
      if (view[0] !== this.#view[0]) this.#write(view.slice(0, 1));
      this.#view = view;
      return;
    }
    this.#erase();
    const width = this.#out.columns - 1;
    this.#write(view.map((line) => dim(line.slice(0, width))));
    this.#view = view;
  }

  /** Ends the live view: what comes now stays. */
  settle(): void {
    if (this.#out.isTTY) this.#erase();
    this.#view = [];
  }

  table(header: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = header.map((title, i) =>
      Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
    );
    const line = (row: readonly string[]): string =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd();
    this.say(line(header), line(widths.map((width) => '\u2500'.repeat(width))), ...rows.map(line));
  }

  #erase(): void {
    if (this.#out.isTTY) this.#out.write(up(this.#view.length) + eraseBelow);
    this.#view = this.#out.isTTY ? [] : this.#view;
  }

  #write(lines: readonly string[]): void {
    for (const line of lines) this.#out.write(`${line}\n`);
  }
}
