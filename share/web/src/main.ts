// main.ts - starts the UI: words, session, then the page.
import { createApp, watch } from 'vue'
import './css/tokens.css'
import './css/base.css'
import './css/shell.css'
import './css/list.css'
import App from './App.vue'
import { locale, setLocale } from './core/i18n'
import { loadMeta } from './core/meta'
import { atRest } from './core/rest'
import { boot, phase } from './core/session'
import { keepAsked } from './first'
import { router } from './router'

const app = createApp(App)
/* The first address may depend on who signs in, so routing begins when that is known. */
const routed = watch(phase, (p) => {
  if (p !== 'in') return
  app.use(router)
  queueMicrotask(() => routed())
}, { flush: 'sync' })

/* A list is drawn at once with what it is made of. */
const table = /^\/t\/(\w+)$/.exec(location.pathname)?.[1]
const ready = async (): Promise<unknown> => {
  await boot()
  return phase.value === 'in' && table ? loadMeta(table).catch(() => {}) : undefined /* the page tells what is wrong */
}
void Promise.all([setLocale(locale.value), ready()]).then(() => {
  app.mount('#app')
  atRest(keepAsked, 4000)
})
/* At once: what changes before it listens is not told. */
void import('./core/live').then((m) => m.live())
