// first.ts - runs ahead of everything else: what the first page needs is on its way while the rest of the script still comes.
export type Catalog = Record<string, string>

export const BUILT = { 'zh-CN': '简体中文', 'zh-TW': '繁體中文', vi: 'Tiếng Việt', en: 'English' } as const
export type Built = keyof typeof BUILT
export const load: Record<Built, () => Promise<{ default: Catalog }>> = {
  en: () => import('./locales/en.json'),
  'zh-CN': () => import('./locales/zh-CN.json'),
  'zh-TW': () => import('./locales/zh-TW.json'),
  vi: () => import('./locales/vi.json'),
}
export const loadPages: Record<Built, () => Promise<{ default: Catalog }>> = {
  en: () => import('./locales/pages/en.json'),
  'zh-CN': () => import('./locales/pages/zh-CN.json'),
  'zh-TW': () => import('./locales/pages/zh-TW.json'),
  vi: () => import('./locales/pages/vi.json'),
}
/* What an added language leaves out stands in English, as the host's labels do. */
export const built = (l: string): Built => (l in BUILT ? (l as Built) : 'en')

export function guess(): Built {
  for (const l of navigator.languages ?? []) {
    if (/^zh-(TW|HK|MO|Hant)/i.test(l)) return 'zh-TW'
    if (/^zh/i.test(l)) return 'zh-CN'
    if (/^vi/i.test(l)) return 'vi'
    if (/^en/i.test(l)) return 'en'
  }
  return 'en'
}
export const LOCALE = 'berth.locale'
const stored = localStorage.getItem(LOCALE)
/** The language that was chosen in this browser; one that was added is known to the host only, which is asked next. */
export const chosenBefore = stored && /^[a-z]{2,3}(-\w+)*$/.test(stored) ? stored : undefined
const locale = chosenBefore ?? guess()

export const narrow = matchMedia('(max-width: 768px)')

/* Asking for _start without a session is answered 401, which browsers log as an error: ask only when this browser signed in before. */
export const SEEN = 'berth.in'
export const signedInBefore = (): boolean => !!localStorage.getItem(SEEN) && location.pathname !== '/setup'

/* ---- questions: those that this address asked the last time it was opened.  Names of tables, views and columns, no data. ---- */
export const ASKED = 'berth.asked'
const PAGES = 12
const MOST = 4
const FRESH = 20_000
const here = location.pathname + location.search
const early = new Map<string, Promise<{ body: unknown } | undefined>>()

function memory(): Record<string, string[]> {
  try {
    return JSON.parse(localStorage.getItem(ASKED) ?? '{}') as Record<string, string[]>
  } catch {
    return {}
  }
}
async function ask(url: string): Promise<{ body: unknown } | undefined> {
  try {
    const r = await fetch(url, { credentials: 'same-origin' })
    return r.ok ? { body: await r.json() } : undefined
  } catch {
    return undefined
  }
}
const expect = (url: string): void => void (early.has(url) || early.set(url, ask(url)))

/** What was asked for ahead, once; it may come to nothing, and is asked for again then. */
export function ahead(url: string): Promise<{ body: unknown } | undefined> | undefined {
  const answer = performance.now() < FRESH ? early.get(url) : undefined
  early.delete(url)
  return answer
}

const asked: string[] = []
const AGAIN = /^\/api\/(?:_home|_meta\/\w+|[a-z]\w*|[a-z]\w*\/_aggregate)\?(?!.*\b(?:q|filter|at|bin|after)=)/
export function note(url: string): void {
  if (asked.length < MOST && performance.now() < FRESH && AGAIN.test(url) && location.pathname + location.search === here) asked.push(url.replace('locale=' + locale, 'locale=*'))
}
/** Keeps what this address asked, for the next time. */
export function keepAsked(): void {
  if (!asked.length) return
  const all = Object.entries({ ...memory(), [here]: asked })
  localStorage.setItem(ASKED, JSON.stringify(Object.fromEntries(all.slice(-PAGES))))
}

const table = /^\/t\/(\w+)(\/\d+)?$/.exec(location.pathname)
const signedIn = signedInBefore()
if (signedIn) {
  expect('/api/_start?locale=' + locale)
  if (table) expect(`/api/_meta/${table[1]}?locale=${locale}`)
  if (!table?.[2]) for (const url of memory()[here] ?? []) expect(url.replace('locale=*', 'locale=' + locale))
}
/* Code and words likewise; whoever needs them asks again, and tells what goes wrong. */
const list = (): Promise<unknown> => (narrow.matches ? import('./ui/CardList.vue') : import('./ui/DataGrid.vue'))
const page = !signedIn ? undefined : table ? (table[2] ? import('./views/RecordPage.vue') : list()) : location.pathname === '/' ? import('./views/Home.vue') : undefined
const words = load[built(locale)]()
Promise.all([words, page, page && (!table || table[2]) && loadPages[built(locale)]()]).catch(() => {})
