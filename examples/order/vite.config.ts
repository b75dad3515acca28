import { defineConfig } from 'vite';
import { sourceAliases } from '../../source-aliases.js';

export default defineConfig({
  resolve: { alias: sourceAliases },
  cacheDir: '../../node_modules/.vite/order',
  // Named here so that Vite does not discover them in mid-run and reload the page.
  optimizeDeps: { include: ['superjson', 'rxjs', 'idb'] },
  build: { target: 'es2022' },
});
