/** A frame's place: what stands between `at ` or `@` and the line and column. */
const place = /(?:\(|at |@)([^()\s]+?):\d+:\d+\)?$/;

function folderOf(frame: string | undefined): string | undefined {
  const file = frame?.trim().match(place)?.[1];
  return file?.slice(0, file.lastIndexOf('/') + 1);
}

/** The folder that this library runs from. */
const own = framesOf(new Error('Here').stack)
  .map(folderOf)
  .find((folder) => folder !== undefined);
const mostFrames = 6;

function framesOf(stack: string | undefined): string[] {
  return (stack ?? '').split('\n').filter((line) => place.test(line.trim()));
}

/**
 * The frames of workflow code that led to a call, innermost first; those of this library and of the host are left out.
 * Where it is bundled into one file with the code that uses it the two cannot be told apart, and all of them stay.
 */
export function callSite(stack: string | undefined): string | undefined {
  const frames = framesOf(stack);
  const isOwn = (line: string): boolean => own !== undefined && line.includes(own);
  const outside = frames.slice(frames.findIndex((line) => !isOwn(line)));
  const back = outside.findIndex((line) => isOwn(line) || line.includes('node:'));
  const users = back < 0 ? outside : outside.slice(0, back);
  const shown = (users.length > 0 ? users : frames).slice(0, mostFrames).map((line) => line.trim());
  return shown.length > 0 ? shown.join('\n') : undefined;
}
