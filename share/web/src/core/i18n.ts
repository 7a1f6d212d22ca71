// i18n.ts - the UI's own words: a JSON catalog a language, and one more for parts that come later; loaded on demand.
import { ref, shallowRef } from 'vue'

export const LOCALES = {
  'zh-CN': '简体中文',
  'zh-TW': '繁體中文',
  vi: 'Tiếng Việt',
  en: 'English',
} as const
export type Locale = keyof typeof LOCALES
type Catalog = Record<string, string>

const KEY = 'berth.locale'
const load: Record<Locale, () => Promise<{ default: Catalog }>> = {
  en: () => import('../locales/en.json'),
  'zh-CN': () => import('../locales/zh-CN.json'),
  'zh-TW': () => import('../locales/zh-TW.json'),
  vi: () => import('../locales/vi.json'),
}
const loadPages: Record<Locale, () => Promise<{ default: Catalog }>> = {
  en: () => import('../locales/pages/en.json'),
  'zh-CN': () => import('../locales/pages/zh-CN.json'),
  'zh-TW': () => import('../locales/pages/zh-TW.json'),
  vi: () => import('../locales/pages/vi.json'),
}

export const isLocale = (s: string | null | undefined): s is Locale => !!s && s in LOCALES

function guess(): Locale {
  for (const l of navigator.languages ?? []) {
    if (/^zh-(TW|HK|MO|Hant)/i.test(l)) return 'zh-TW'
    if (/^zh/i.test(l)) return 'zh-CN'
    if (/^vi/i.test(l)) return 'vi'
    if (/^en/i.test(l)) return 'en'
  }
  return 'en'
}

const stored = localStorage.getItem(KEY)
/** Whether the person chose a language in this browser; if not, the user's own from the host wins. */
export let chosen = isLocale(stored)
export const locale = ref<Locale>(isLocale(stored) ? stored : guess())
const words = shallowRef<Catalog>({})
/** What administrators say instead. */
export const instead = shallowRef<Catalog>({})
let pages = false

const catalog = async (l: Locale): Promise<Catalog> => ({ ...(await load[l]()).default, ...(pages ? (await loadPages[l]()).default : {}) })

/** A page or dialog whose words are in the second catalog, without which the first load is smaller. */
export const worded = <T>(part: () => Promise<T>) => async (): Promise<T> => {
  const l = locale.value
  pages = true
  const [p, all] = await Promise.all([part(), catalog(l)])
  if (locale.value === l) words.value = all
  return p
}

export async function setLocale(l: Locale, remember = false): Promise<void> {
  words.value = await catalog(l)
  locale.value = l
  document.documentElement.lang = l
  if (remember) {
    chosen = true
    localStorage.setItem(KEY, l)
  }
}

/* A table's label inside a sentence: "New lead", but "New API token". */
const inside = (s: string): string => (/^\p{Lu}\p{Ll}/u.test(s) ? s[0]!.toLowerCase() + s.slice(1) : s)

/** "{n} row | {n} rows" has a form for one and one for the rest, chosen by the parameter `count`;
 *  {thing} is a label of the host's. */
export function t(key: string, params?: Record<string, string | number>): string {
  let s = instead.value[key] ?? words.value[key] ?? key
  if (params && s.includes(' | ')) {
    const forms = s.split(' | ')
    s = Number(params.count) === 1 ? forms[0]! : forms[1]!
  }
  return params ? s.replace(/\{(\w+)\}/g, (_, name: string) => (name === 'thing' ? inside : String)(String(params[name] ?? ''))) : s
}

export const has = (key: string): boolean => key in words.value
