// i18n.ts - the UI's own words: a JSON catalog a language, and one more for parts that come later; loaded on demand.
import { reactive, ref, shallowRef } from 'vue'
import { BUILT, built, chosenBefore, guess, load, LOCALE, loadPages, type Catalog } from '../first'

/** Built in, or a language that an administrator added as a file. */
export type Locale = string
/** By their own names. */
export const LOCALES: Record<Locale, string> = reactive({ ...BUILT })
export const isLocale = (s: string | null | undefined): s is Locale => !!s && s in LOCALES

/** Whether the person chose a language in this browser; if not, the user's own from the host wins. */
export let chosen = !!chosenBefore
export const locale = ref<Locale>(chosenBefore ?? guess())
const words = shallowRef<Catalog>({})
/** What administrators say instead. */
export const instead = shallowRef<Catalog>({})
let pages = false

/** All words of a language once the administration is open; the first page's only before. */
export const catalog = async (l: Locale): Promise<Catalog> => ({ ...(await load[built(l)]()).default, ...(pages ? (await loadPages[built(l)]()).default : {}) })

/** The second catalog, fetched before a page asks for it. */
export const aheadOfPages = (): Promise<unknown> => loadPages[built(locale.value)]()

/** A page or dialog whose words are in the second catalog, without which the first load is smaller. */
export const worded = <T>(part: () => Promise<T>) => async (): Promise<T> => {
  const l = locale.value
  pages = true
  const [p, all] = await Promise.all([part(), catalog(l)])
  if (locale.value === l) words.value = all
  return p
}

export async function setLocale(l: Locale, remember = false): Promise<void> {
  speak(l, await catalog(l), remember)
}
export function speak(l: Locale, all: Catalog, remember = false): void {
  words.value = all
  locale.value = l
  document.documentElement.lang = l
  if (remember) {
    chosen = true
    localStorage.setItem(LOCALE, l)
  }
}

/** What the host knows of languages: those added, and the words it says instead. */
export async function hear(host: { languages?: Record<string, string>; words?: Catalog }): Promise<void> {
  Object.assign(LOCALES, host.languages)
  instead.value = host.words ?? {}
  if (isLocale(locale.value)) return
  chosen = false
  await setLocale(guess())
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
