// npm run api: compares what the packages export with the committed reports in etc/; `--update` writes them anew.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { packages } from './packages.mjs';
import { root, say } from './shell.mjs';

const update = process.argv.includes('--update');

/** The unstable entry promises nothing, so it has no report. */
const reported = packages.flatMap(({ name, folder, entries }) =>
  entries
    .filter((entry) => entry !== 'internal')
    .map((entry) => ({ folder, entry, report: entry === 'index' ? name : `${name}-${entry}` })),
);

mkdirSync(join(root, 'etc'), { recursive: true });
const changed = [];
for (const { folder, entry, report } of reported) {
  const projectFolder = join(root, folder);
  const config = ExtractorConfig.prepare({
    configObjectFullPath: join(projectFolder, 'api-extractor.json'),
    packageJsonFullPath: join(projectFolder, 'package.json'),
    configObject: {
      projectFolder,
      mainEntryPointFilePath: join(projectFolder, 'dist', `${entry}.d.ts`),
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2022',
            module: 'esnext',
            moduleResolution: 'bundler',
            lib: ['es2022', 'dom'],
            types: [],
            strict: true,
            exactOptionalPropertyTypes: true,
            skipLibCheck: true,
          },
          include: ['dist'],
        },
      },
      apiReport: {
        enabled: true,
        // Types that a signature mentions and the entry does not export are part of the API all the same.
        includeForgottenExports: true,
        reportFileName: `${report}.api.md`,
        reportFolder: join(root, 'etc'),
        reportTempFolder: join(root, 'node_modules', '.cache', 'api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'warning' } },
        extractorMessageReporting: {
          default: { logLevel: 'warning' },
          // Release tags are not used: what is exported from a stable entry is public.
          'ae-missing-release-tag': { logLevel: 'none' },
          // The report marks both by itself; as warnings they would write line numbers into it.
          'ae-undocumented': { logLevel: 'none' },
          'ae-forgotten-export': { logLevel: 'none' },
        },
        // Comments are written for the editor's hover; TSDoc's grammar is not enforced.
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
  });
  const result = Extractor.invoke(config, {
    localBuild: update,
    showVerboseMessages: false,
    messageCallback: (message) => {
      // Its own wording asks to copy a file by hand; ours is below.
      if (message.messageId === 'console-api-report-not-copied' || message.messageId.startsWith('console-'))
        message.handled = true;
    },
  });
  if (result.apiReportChanged) changed.push(`etc/${report}.api.md`);
  if (result.errorCount > 0) process.exit(1);
}
if (changed.length === 0) say(`${reported.length} API reports are up to date.`);
else if (update) say(`Written: ${changed.join(', ')}`);
else {
  say(
    `The public API differs from ${changed.join(', ')}. If that is meant, run npm run api:update and commit the reports.`,
  );
  process.exit(1);
}
