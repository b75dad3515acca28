/** How tests and benchmarks start Chromium: the one that `npm test` has found, and nothing in it that disturbs them. */
export const chromiumOptions = {
  executablePath: process.env['PERDURE_CHROMIUM'] ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};
