import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished, vi } from 'vitest';

/** A module of this folder, as an argument. */
export const moduleAt = (name: string): string => join(inject('perdureCli'), `${name}.js`);

/** A folder that goes with the test. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'perdure-cli-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true, maxRetries: 5 }));
  return made;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real command; ends with the test. */
export class Perdure {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;

  constructor(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { PERDURE_STORE, PERDURE_WORKFLOWS, ...inherited } = process.env;
    this.child = spawn(process.execPath, [moduleAt('main'), ...args], {
      cwd,
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString('utf8')));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString('utf8')));
    this.ended = once(this.child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
    onTestFinished(async () => {
      this.child.kill('SIGKILL');
      await this.ended;
    });
  }

  /** Process ids of the workers that have said that they are ready. */
  get workers(): number[] {
    return [...this.stdout.matchAll(/is ready \(process (\d+)\)/g)].map(([, pid]) => Number(pid));
  }

  async until(holds: (seen: this) => boolean): Promise<void> {
    await vi.waitFor(() => {
      if (!holds(this)) throw new Error(`Not yet:\n${this.stdout}${this.stderr}`);
    }, patience);
  }
}

export const patience = { timeout: 60_000, interval: 50 };

/** Runs one command to its end. */
export const perdure = (cwd: string, ...args: readonly string[]): Promise<Ended> =>
  new Perdure(cwd, args).ended;
