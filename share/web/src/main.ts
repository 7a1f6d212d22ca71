// main.ts - starts the UI: words, session, then the page.
import { createApp, watch } from 'vue'
import './css/tokens.css'
import './css/base.css'
import './css/shell.css'
import './css/list.css'
import App from './App.vue'
import { locale, setLocale } from './core/i18n'
import { boot, phase } from './core/session'
import { router } from './router'

const app = createApp(App)
/* The first address may depend on who signs in, so routing begins when that is known. */
const routed = watch(phase, (p) => {
  if (p !== 'in') return
  app.use(router)
  queueMicrotask(() => routed())
}, { flush: 'sync' })

void import('./core/live').then((m) => m.live())
void Promise.all([setLocale(locale.value), boot()]).then(() => app.mount('#app'))
