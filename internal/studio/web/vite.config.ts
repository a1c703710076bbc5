import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

// The built page is embedded into the program: it loads nothing from elsewhere,
// and has nothing inline that its content security policy would forbid.
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  build: {
    outDir: '../page',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' }, // of the packages whose code is in the page
    target: 'es2022',
  },
  // Tests run what browsers run, not what Svelte renders on servers.
  ...(mode === 'test' ? { resolve: { conditions: ['browser'] } } : {}),
  test: { testTimeout: 60_000 }, // a busy machine is no fault
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/examples': 'http://127.0.0.1:8080' } },
}))
