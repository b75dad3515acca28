/** The names of the Web Locks that somebody holds or queues for in behalf of a database. */
export async function locksOf(database: string): Promise<string[]> {
  const { held = [], pending = [] } = await navigator.locks.query();
  return [...held, ...pending].flatMap(({ name }) => (name?.includes(database) ? [name] : []));
}
