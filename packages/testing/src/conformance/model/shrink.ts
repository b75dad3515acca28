import type { Planned, Step } from './script.js';

type Fails<T> = (candidate: T) => Promise<boolean>;

/**
 * Leaves out of a failing script what the failure does not need: steps, then batches of the commits that are left, then
 * their writes and expectations. Ends when nothing more can be left out, or when it has taken `limitMs`.
 */
export async function shrinkScript(
  script: readonly Step[],
  fails: Fails<readonly Step[]>,
  limitMs: number,
): Promise<readonly Step[]> {
  const end = Date.now() + limitMs;
  let steps = await shrink(script, fails, end);
  for (const at of steps.keys()) {
    const withBatches = (batches: readonly Planned[]): readonly Step[] =>
      steps.map((step, n) => (n === at && step.does === 'commit' ? { ...step, batches } : step));
    const step = steps[at];
    if (step?.does !== 'commit') continue;
    let batches = await shrink(step.batches, (some) => fails(withBatches(some)), end);
    for (const [n, batch] of batches.entries()) {
      const others = batches;
      const withPart = (part: Partial<Planned>): readonly Planned[] =>
        others.map((other, k) => (k === n ? { ...batch, ...part } : other));
      const writes = await shrink(
        batch.writes,
        (some) => fails(withBatches(withPart({ writes: some }))),
        end,
      );
      const lighter = (some: Planned['expect']): readonly Planned[] => withPart({ writes, expect: some });
      batches = lighter(await shrink(batch.expect, (some) => fails(withBatches(lighter(some))), end));
    }
    steps = withBatches(batches);
  }
  return steps;
}

/** Halves, quarters, and so on down to single items. */
async function shrink<T>(
  items: readonly T[],
  fails: Fails<readonly T[]>,
  end: number,
): Promise<readonly T[]> {
  let kept = items;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < kept.length;) {
      if (Date.now() > end) return kept;
      const without = [...kept.slice(0, from), ...kept.slice(from + size)];
      if (await fails(without)) kept = without;
      else from += size;
    }
  }
  return kept;
}
