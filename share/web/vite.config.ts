// vite.config.ts - builds into build/share/ui (or $BERTH_UI_OUT); `vite dev` passes /api to $BERTH_URL.
import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const api = process.env.BERTH_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue()],
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
  server: { proxy: { '/api': api } },
  build: {
    outDir: process.env.BERTH_UI_OUT ?? resolve(import.meta.dirname, '../../build/share/ui'),
    emptyOutDir: true,
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox125', 'safari17.5'],
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: 'manifest.json',
    /* What every first load needs is one file: small ones compress badly. */
    rolldownOptions: { output: { advancedChunks: { groups: [{ name: 'core', test: /node_modules\/(@vue|vue|vue-router|@tanstack)\/|src\/core\/(api|asks|fmt|filter|i18n|keys|meta|overlay|query|records|session|toast)\.ts/ }] } } },
  },
  test: { environment: 'happy-dom', include: ['test/*.test.ts'], setupFiles: ['test/setup.ts'], testTimeout: 30_000 },
})
