import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// The built page is embedded into the program: it loads nothing from elsewhere,
// and has nothing inline that its content security policy would forbid.
export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: '../page',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/examples': 'http://127.0.0.1:8080' } },
})
