// The last line of a run in continuous integration: `node scripts/summary.mjs <Vitest's JSON report> <its exit code>`.
import { readFileSync } from 'node:fs';

const [, , file, exitCode] = process.argv;
const text = readFileSync(file, 'utf8');
if (text.trim() === '') {
  console.log('0 passed, 1 failed (the test run ended before it wrote a report)');
  process.exit(1);
}
const report = JSON.parse(text);
// A file that cannot be loaded holds no test that could fail, but it failed.
const broken = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
).length;
const counted = report.numFailedTests + broken;
// An error outside any test, a rejection that nobody handled for one, is in the exit code only.
const failed = counted === 0 && exitCode !== '0' ? 1 : counted;
const skipped = report.numPendingTests + report.numTodoTests;
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
