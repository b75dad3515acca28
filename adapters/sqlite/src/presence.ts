import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { WorkerId } from '@perdure/core/storage';
import type { Sql } from './statements.js';
import type { Tasks } from './tasks.js';

interface Announced {
  readonly worker: WorkerId;
  readonly pid: number;
  readonly born: string;
}

/**
 * Where process ids mean the same: the computer since it was started and, on Linux, the namespace of the container,
 * because containers may have one host name and each its own process 1.
 */
function host(): string {
  const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  return [hostname(), boot, attempt(() => readlinkSync('/proc/self/ns/pid'))].join(' ');
}

/** When a process was started, so that a later one with its id is not taken for it. Empty where that cannot be told. */
function bornAt(pid: number): string {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The 22nd field; the second is the program's name in parentheses, whatever that contains.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

export function announce(sql: Sql, worker: WorkerId): void {
  sql('replace into workers values (?, ?, ?, ?)').run(worker, host(), process.pid, bornAt(process.pid));
}

export function withdraw(sql: Sql, worker: WorkerId): void {
  sql('delete from workers where worker = ?').run(worker);
}

/** Announced workers of this host whose process is gone. */
export function deadWorkers(sql: Sql): WorkerId[] {
  const announced = sql('select worker, pid, born from workers where host = ?').all(host()) as Announced[];
  return announced.filter((one) => !isAlive(one)).map(({ worker }) => worker);
}

/** Inside a write transaction. */
export function reap(sql: Sql, tasks: Tasks): number {
  return deadWorkers(sql).reduce((released, worker) => {
    withdraw(sql, worker);
    return released + tasks.release(worker);
  }, 0);
}

function isAlive({ pid, born }: Announced): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Anything else, such as EPERM, says that it is there.
    return (error as { readonly code?: unknown }).code !== 'ESRCH';
  }
  const now = bornAt(pid);
  return born === '' || now === '' || born === now;
}

/** Not every system has these files. */
function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
