import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

function host(...args: readonly string[]) {
  const program = join(import.meta.dirname, 'host.ts');
  return spawnSync(process.execPath, ['--import', 'tsx', program, ...args], { encoding: 'utf8' });
}

test('bugs elsewhere: a failure that a helper of a workflow keeps for later does not end the process', () => {
  const { status, stdout } = host();
  expect(stdout).toBe('["wrapped",true]\nalive\n');
  expect(status).toBe(0);
});

test('a rejection that the application forgot ends the process as it would without an engine', () => {
  const { status, stdout, stderr } = host('application');
  expect(stdout).toBe('["wrapped",true]\n');
  expect(stderr).toContain('Error: forgotten');
  expect(status).toBe(1);
});
