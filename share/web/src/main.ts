// main.ts - starts the UI: words, session, then the page.
import { createApp, watch } from 'vue'
import './css/tokens.css'
import './css/base.css'
import './css/shell.css'
import './css/list.css'
import App from './App.vue'
import { locale, setLocale } from './core/i18n'
import { expectMeta } from './core/meta'
import { boot, phase, phone, signedInBefore } from './core/session'
import { router } from './router'

const app = createApp(App)
/* The first address may depend on who signs in, so routing begins when that is known. */
const routed = watch(phase, (p) => {
  if (p !== 'in') return
  app.use(router)
  queueMicrotask(() => routed())
}, { flush: 'sync' })

/* A list's metadata is asked for along with who one is: on a slow line each question after another costs. */
const table = /^\/t\/(\w+)$/.exec(location.pathname)?.[1]
if (table && signedInBefore()) expectMeta(table)
if (table) void (phone.value ? import('./ui/CardList.vue') : import('./ui/DataGrid.vue')).catch(() => {})
void Promise.all([setLocale(locale.value), boot()]).then(() => app.mount('#app'))
/* At once: what changes before it listens is not told. */
void import('./core/live').then((m) => m.live())
