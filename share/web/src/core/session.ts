// session.ts - who is signed in, and what the shell is drawn from.
import { computed, ref, shallowRef, watch } from 'vue'
import { ASKED, narrow, SEEN, signedInBefore } from '../first'
import { ApiError, api, get, onSignedOut, post } from './api'
import { catalog, chosen, hear, isLocale, locale, setLocale, speak, type Locale } from './i18n'
import { cache } from './query'
import type { Public, Start, User } from './types'

export type Phase = 'loading' | 'setup' | 'out' | 'in' | 'broken'

export const phase = ref<Phase>('loading')
export const start = shallowRef<Start>()
export const open = shallowRef<Public>()
export const trouble = shallowRef<unknown>()
/** Open alerts, for the badge; see live.ts. */
export const alerts = ref(0)

export const me = computed(() => start.value?.user)
export const zone = computed(() => start.value?.company.zone)
export const currency = computed(() => start.value?.company.currency || 'USD')

export async function readStart(): Promise<void> {
  const l = locale.value
  const s = await get<Start>('_start')
  if (l !== locale.value) return readStart() /* another language was chosen meanwhile */
  await hear(s)
  start.value = s
}

async function loadStart(): Promise<void> {
  await readStart()
  localStorage.setItem(SEEN, '1')
  phase.value = 'in'
}

async function loadPublic(): Promise<void> {
  const o = await get<Public>('_public')
  await hear(o)
  open.value = o
  phase.value = open.value.setup || location.pathname === '/setup' ? 'setup' : 'out'
}

export async function boot(): Promise<void> {
  try {
    if (signedInBefore()) {
      try {
        return await loadStart()
      } catch (e) {
        if (!(e instanceof ApiError) || e.status !== 401) throw e
      }
    }
    await loadPublic()
  } catch (e) {
    trouble.value = e
    phase.value = 'broken'
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  const { user } = await post<{ user: User }>('_session', { login, password })
  cache.clear()
  /* The person's own language, unless another was chosen in this browser. */
  if (!chosen && isLocale(user.locale)) await setLocale(user.locale)
  await loadStart()
}

export async function setUp(body: {
  token: string; login: string; name: string; password: string
}): Promise<void> {
  await post('_setup', body)
  await loadStart()
}
export const entered = loadStart

export async function signOut(): Promise<void> {
  await api('DELETE', '_session')
  leave()
}

function leave(): void {
  if (phase.value !== 'in') return
  localStorage.removeItem(SEEN)
  localStorage.removeItem(ASKED)
  start.value = undefined
  cache.clear()
  phase.value = 'loading'
  void boot()
}
onSignedOut(leave)

let wanted: Locale | undefined
/** The page's words and the host's labels change at one stroke, so all is drawn once. */
export async function switchLocale(l: Locale): Promise<void> {
  wanted = l
  const inside = phase.value === 'in'
  const [, host] = await Promise.all([catalog(l), get<Start | Public>(inside ? '_start' : '_public', { locale: l })])
  const words = await catalog(l) /* again: a part that came meanwhile brought words of its own */
  if (wanted !== l || inside !== (phase.value === 'in')) return
  speak(l, words, true)
  if (inside) start.value = host as Start
  else open.value = host as Public
  await hear(host)
}

export type Theme = 'system' | 'light' | 'dark'
const saved = localStorage.getItem('berth.theme')
export const theme = ref<Theme>(saved === 'light' || saved === 'dark' ? saved : 'system')
watch(
  theme,
  (v) => {
    document.documentElement.dataset.theme = v
    localStorage.setItem('berth.theme', v)
  },
  { immediate: true },
)

/** One column, cards, bottom bar. */
export const phone = ref(narrow.matches)
narrow.addEventListener('change', (e) => (phone.value = e.matches))
