/**
 * Events are kept many to a text, one to a line, each line with its end. JSON has no line ends in it, so that hardly any
 * body has to be changed for it; ESC takes the place of those that would break a line.
 */
export function toLines(bodies: readonly string[]): string {
  let text = '';
  for (const body of bodies)
    text += (body.includes('\n') || body.includes('\x1b') ? escaped(body) : body) + '\n';
  return text;
}

export function fromLines(text: string): string[] {
  const lines = text.split('\n');
  lines.pop();
  return text.includes('\x1b') ? lines.map(unescaped) : lines;
}

function escaped(body: string): string {
  return body.replaceAll('\x1b', '\x1b1').replaceAll('\n', '\x1b0');
}

function unescaped(line: string): string {
  return line.replaceAll('\x1b0', '\n').replaceAll('\x1b1', '\x1b');
}
