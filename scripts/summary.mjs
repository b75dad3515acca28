// The last line of a run in continuous integration: `node scripts/summary.mjs <Vitest's JSON report>`.
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');
if (text.trim() === '') {
  console.log('0 passed, 1 failed (the test run ended before it wrote a report)');
  process.exit(1);
}
const report = JSON.parse(text);
// A file that cannot be loaded holds no test that could fail, but it failed.
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
).length;
const failed = report.numFailedTests + brokenFiles;
const skipped = report.numPendingTests + report.numTodoTests;
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
