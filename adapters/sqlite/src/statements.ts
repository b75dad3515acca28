import type { Database, Statement } from './driver.js';

/** A statement by its text, prepared once. `pluck` gives the first column alone, `raw` rows as arrays. */
export type Sql = (text: string, shape?: 'pluck' | 'raw') => Statement;

export function statements(db: Database): Sql {
  const prepared = new Map<string, Statement>();
  return (text, shape) => {
    let statement = prepared.get(text);
    if (statement === undefined) {
      // The owner of a given database may have asked for BigInt where he reads; here integers are numbers.
      statement = db.prepare(text).safeIntegers(false);
      if (shape !== undefined) statement[shape]();
      prepared.set(text, statement);
    }
    return statement;
  };
}
