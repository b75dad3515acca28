import type { WorkerId } from '@perdure/core/storage';
import { readTx, Writing, type Session } from './session.js';

/** Workers that are announced, dead or alive. */
export function announced(session: Session): Promise<readonly WorkerId[]> {
  return readTx(session, ['workers']).objectStore('workers').getAllKeys();
}

/** Harmless where it was done before, so that nobody has to know whether it was. */
export function announce(session: Session, worker: WorkerId): Promise<void> {
  const writing = new Writing(session, ['workers']);
  writing.store('workers').put(worker, worker);
  return writing.commit();
}

/** As harmless. */
export function withdraw(session: Session, worker: WorkerId): Promise<void> {
  const writing = new Writing(session, ['workers']);
  writing.store('workers').delete(worker);
  return writing.commit();
}
