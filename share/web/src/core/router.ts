// router.ts - addresses and pages: which page an address is, going there, and links that say so.
import { computed, defineComponent, h, reactive, shallowRef, type App, type Component, type PropType } from 'vue'
import { t } from './i18n'
import { closeTop } from './overlay'
import { fail } from './toast'

export type Query = Record<string, string>
export type To = string | { path?: string; query?: Record<string, unknown> }
type Page = Component | { default: Component }
export interface PageRoute {
  /** Of the whole path; its named groups are the parameters. */
  path: RegExp
  /** The page, or how it is fetched: one leaves the present page when it is there. */
  page: Component | (() => Promise<Page>)
  lazy?: boolean
  props?: (params: Record<string, string>, query: Query) => Record<string, unknown>
}
interface Place { full: string; path: string; query: Query; params: Record<string, string>; at?: PageRoute }
/** What we keep with an entry of the browser's history: its number, and the address one came from. */
interface Kept { n: number; back: string | null }

const current = shallowRef<Place>({ full: '', path: '', query: {}, params: {} })
const pages = new Map<PageRoute, Component>()
let routes: PageRoute[] = []
let n = 0
let turn = 0
let returning = false

const written = (s: string): string => encodeURI(s).replace(/[#&+]/g, encodeURIComponent).replace(/%(5B|5D|7B|7D|7C)/g, decodeURIComponent).replace(/%20/g, '+')
function full(to: To): string {
  if (typeof to === 'string') return to
  const query = Object.entries(to.query ?? {}).flatMap(([k, v]) => (v === undefined || v === null ? [] : [`${encodeURIComponent(k)}=${written(String(v))}`])).join('&')
  return (to.path ?? current.value.path) + (query && '?' + query)
}
function placeOf(address: string): Place {
  const url = new URL(address, location.origin)
  const path = url.pathname
  for (const at of routes) {
    const m = at.path.exec(path)
    if (m) return { full: path + url.search + url.hash, path, query: Object.fromEntries(url.searchParams), params: Object.fromEntries(Object.entries(m.groups ?? {}).map(([k, v]) => [k, decodeURIComponent(v ?? '')])), at }
  }
  return { full: path + url.search, path, query: {}, params: {} }
}

function arrive(place: Place, how: 'push' | 'replace' | 'pop'): void {
  const kept = history.state as Kept | null
  if (how === 'push') history.pushState({ n: ++n, back: current.value.full } satisfies Kept, '', place.full)
  else if (how === 'replace') history.replaceState({ n, back: kept?.back ?? null } satisfies Kept, '', place.full)
  current.value = place
}
function go(to: To, how: 'push' | 'replace' | 'pop'): void {
  const mine = ++turn
  const place = placeOf(full(to))
  const { at } = place
  if (how === 'push' && place.full === current.value.full) return
  if (!at || pages.has(at) || !at.lazy) return arrive(place, how)
  ;(at.page as () => Promise<Page>)().then((page) => {
    pages.set(at, 'default' in page ? page.default : page)
    if (mine === turn) arrive(place, how)
  }, (e: unknown) => {
    /* No connection, or the program is a newer one by now: then the whole page comes anew. */
    if (mine === turn) fail(e, t('error.load'), () => location.assign(place.full))
  })
}

/* Back closes what lies on top, and stays. */
function popped(e: PopStateEvent): void {
  const to = (e.state as Kept | null)?.n ?? n + 1
  const by = to - n
  if (returning) {
    returning = false
    return
  }
  if (by && closeTop()) {
    returning = true
    history.go(-by)
    return
  }
  n = to
  if (!e.state) history.replaceState({ n, back: current.value.full } satisfies Kept, '')
  go(location.pathname + location.search + location.hash, 'pop')
}

export const router = {
  push: (to: To): void => go(to, 'push'),
  replace: (to: To): void => go(to, 'replace'),
  back: (): void => history.back(),
  /** Whether something of ours lies before this page. */
  came: (): boolean => !!(history.state as Kept | null)?.back,
}
export type Router = typeof router
export const useRouter = (): Router => router

const route = reactive({ path: computed(() => current.value.path), query: computed(() => current.value.query), params: computed(() => current.value.params) })
export const useRoute = (): typeof route => route
/** The page that stands now. */
export const page = computed(() => {
  const { at, params, query } = current.value
  return at && { is: at.lazy ? pages.get(at)! : (at.page as Component), props: at.props?.(params, query) }
})

/** A link to a page of ours; its address is a real one, so that it opens in a tab of its own, too. */
export const RouterLink = defineComponent({
  name: 'RouterLink',
  props: { to: { type: [String, Object] as PropType<To>, required: true }, replace: Boolean, custom: Boolean },
  setup(p, { slots }) {
    const follow = (e: MouseEvent): void => {
      if (e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
      if ((e.currentTarget as HTMLAnchorElement).target === '_blank') return
      e.preventDefault()
      go(p.to, p.replace ? 'replace' : 'push')
    }
    return () => {
      const href = full(p.to)
      if (p.custom) return slots.default?.({ href })
      return h('a', { href, onClick: follow, 'aria-current': href.split(/[?#]/)[0] === route.path ? 'page' : undefined }, slots.default?.({ href }))
    }
  },
})
declare module 'vue' {
  interface GlobalComponents { RouterLink: typeof RouterLink }
}

/** Begins at the present address. */
export function startRouter(all: PageRoute[]): void {
  routes = all
  n = (history.state as Kept | null)?.n ?? 0
  addEventListener('popstate', popped)
  go(location.pathname + location.search + location.hash, 'replace')
}
export const links = { install: (app: App): void => void app.component('RouterLink', RouterLink) }
