// vite.config.ts - builds into build/share/ui (or $BERTH_UI_OUT); `vite dev` passes /api to $BERTH_URL.
import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import type { Plugin } from 'vite'

const api = process.env.BERTH_URL ?? 'http://127.0.0.1:8080'

/* src/first.ts is a script of its own, which runs while the rest still comes. */
const ahead: Plugin = {
  name: 'first',
  transformIndexHtml: {
    order: 'post',
    handler(_html, { bundle }) {
      const first = Object.values(bundle ?? {}).find((c) => c.type === 'chunk' && c.name === 'first')
      return first ? [{ tag: 'script', attrs: { type: 'module', async: true, crossorigin: true, src: '/' + first.fileName }, injectTo: 'head-prepend' }] : []
    },
  },
}

export default defineConfig({
  plugins: [vue(), ahead],
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
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', test: /src\/first\.ts|vite\/preload-helper/, priority: 2 }, { name: 'core', test: /node_modules\/(@vue|vue|vue-router|@tanstack)\/|src\/core\/(api|asks|fmt|filter|i18n|keys|meta|overlay|query|records|session|toast|within)\.ts|src\/ui\/(FieldValue|Icon|Marked)\.vue/ }] } } },
  },
  test: { environment: 'happy-dom', include: ['test/*.test.ts'], setupFiles: ['test/setup.ts'], testTimeout: 30_000 },
})
