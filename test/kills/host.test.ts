import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

function host(...args: readonly string[]) {
  const program = join(import.meta.dirname, 'host.ts');
  return spawnSync(process.execPath, ['--import', 'tsx', program, ...args], { encoding: 'utf8' });
}

const seen = '["wrapped","TypeError: a mistake of the helper",true]\n';

test('bugs elsewhere: a failure that a helper of a workflow keeps for later does not end the process', () => {
  const { status, stdout } = host();
  expect(stdout).toBe(`${seen}alive\n`);
  expect(status).toBe(0);
});

test('F7 workflow code that goes on outside of its turn is blocked, and does not end the process', () => {
  const { status, stdout } = host('foreign');
  expect(stdout).toBe(`${seen}foreign_await\nforeign_await\nalive\n`);
  expect(status).toBe(0);
});

test.each([
  ['application', 'Error: forgotten'],
  ['caller', 'UnknownWorkflowError'],
])('a rejection that the %s forgot ends the process as it would without an engine', (whose, error) => {
  const { status, stdout, stderr } = host(whose);
  expect(stdout).toBe(seen);
  expect(stderr).toContain(error);
  expect(status).toBe(1);
});
