// home.ts - the home page: its tiles, how they stand, and what they are asked for.
import { computed, ref, type ComputedRef } from 'vue'
import { get, post } from './api'
import { learn } from './fmt'
import { locale } from './i18n'
import { fieldOf } from './meta'
import { cache, useQuery } from './query'
import { bundle, nextMonth, type Bundle } from './sums'
import { fail } from './toast'
import type { FieldType, Filter, Meta, Page, Refs, Sums } from './types'

export const KINDS = ['kpi', 'bar', 'line', 'pie', 'funnel', 'table'] as const
export type Kind = (typeof KINDS)[number]
/** What a plugin offers. */
export interface Offer { name: string; label: string; kind: Kind; table: string; view: string | null; filter: Filter | null; by: string | null; sum: string | null; columns: string[]; width: number }
/** One tile as it stands: the host's own or a plugin's by name, or a view as a tile. */
export interface Stand { tile?: string; table?: string; view?: string; kind?: Kind; by?: string; sum?: string; w: number; h?: number }
export interface HomeData { tiles: Offer[]; layout: Stand[]; mine: boolean; roles: { id: number; name: string }[] }

export const OWN: Record<string, { icon: string; label: string }> = {
  todo: { icon: 'check', label: 'home.todo' },
  news: { icon: 'flag', label: 'home.news' },
  recent: { icon: 'clock', label: 'home.recent' },
}
export const WIDTHS = [2, 3, 4, 6, 8, 12]
export const heightOf = (s: Stand, kind: string): number => s.h ?? (kind === 'kpi' ? 1 : s.tile === 'todo' || s.tile === 'news' ? 4 : 3)
export const keyOf = (s: Stand): string => s.tile ?? [s.table, s.view, s.kind, s.by, s.sum].join('/')

/** What a tile is drawn from. */
export interface Source { table: string; kind: Kind; tile?: string; view?: string; filter?: Filter | null; by?: string; sum?: string; columns: string[] }
export function sourceOf(s: Stand, offers: Offer[]): Source | undefined {
  if (s.table) return { table: s.table, kind: s.kind ?? 'kpi', view: s.view, by: s.by, sum: s.sum, columns: [] }
  const o = offers.find((x) => x.name === s.tile)
  return o && { table: o.table, kind: o.kind, tile: o.name, view: o.view ?? undefined, filter: o.filter, by: o.by ?? undefined, sum: o.sum ?? undefined, columns: o.columns }
}
export function sourceLink(s: Source, more?: Filter): string {
  const q = new URLSearchParams()
  if (s.view) q.set('view', s.view)
  const all = [s.filter, more].filter((f): f is Filter => !!f)
  if (all.length) q.set('f', JSON.stringify(all.length > 1 ? { and: all } : all[0]))
  return `/t/${s.table}${q.size ? '?' + q : ''}`
}

export const useHome = () => useQuery<HomeData>(() => ({ queryKey: ['home', 'layout', locale.value], queryFn: ({ signal }) => get<HomeData>('_home', {}, signal), staleTime: Infinity }))

/** Counts and sums of a tile's records; the same key for the same question. */
export function useNumbers(source: () => Source): ComputedRef<Sums | undefined> {
  const q = useQuery<Sums>(() => {
    const s = source()
    return {
      queryKey: ['home', s.table, s.tile, s.view, s.by, s.sum, locale.value],
      queryFn: async ({ signal }) => {
        const found = await get<Sums>(s.table + '/_aggregate', { tile: s.tile, view: s.tile ? undefined : s.view, group: s.by, sum: s.sum }, signal)
        learn(found.refs)
        return found
      },
    }
  })
  return computed(() => q.value.data)
}

const MOST = 24
/** The groups of a chart, in the order in which people read them: months along time, without holes. */
export function pointsOf(meta: Meta, s: Source, sums: Sums): Bundle[] {
  const [name, unit] = (s.by ?? '').split(':')
  const f = fieldOf(meta, name!)
  if (!f) return []
  let all = sums.groups.map((g) => bundle(f, s.by!, g))
  if (unit) {
    all = all.filter((b) => b.key !== null).sort((a, b) => String(a.key).localeCompare(String(b.key)))
    const last = String(all.at(-1)?.key)
    if (unit === 'month' && all.length > 1)
      for (let m = String(all[0]!.key); m < last && all.length < MOST; m = nextMonth(m, 1))
        if (!all.some((b) => b.key === m)) all.push(bundle(f, s.by!, { key: [m], count: 0 }))
    return all.sort((a, b) => String(a.key).localeCompare(String(b.key))).slice(-MOST)
  }
  const place = f.type === 'pick' ? new Map(f.options?.map((o, i) => [o.value, i])) : undefined
  if (place) return all.sort((a, b) => (place.get(a.key as string) ?? 999) - (place.get(b.key as string) ?? 999))
  /* Stages stand by their own order, which their ids follow; people by how much they have. */
  if (s.kind === 'funnel' && f.type === 'ref') return all.filter((b) => b.key !== null).sort((a, b) => Number(a.key) - Number(b.key))
  return all.slice(0, MOST)
}
export const valueOf = (b: Bundle, s: Source): number => Number((s.sum ? b.tally.sum?.[s.sum] : b.tally.count) ?? 0)

/* ---- arranging ---- */
export const arranging = ref(false)
let waiting: ReturnType<typeof setTimeout> | undefined

/** Stands at once; kept a moment later. */
export function keep(layout: Stand[]): void {
  cache.setQueriesData<HomeData>({ queryKey: ['home', 'layout'] }, (d) => d && { ...d, layout, mine: true })
  clearTimeout(waiting)
  waiting = setTimeout(() => void post('_home', { layout }).catch(fail), 400)
}
/** Away before it was kept: at once. */
export async function keepNow(layout: Stand[] | null, role?: number): Promise<void> {
  clearTimeout(waiting)
  await post('_home', { layout, role })
  if (!layout || role) await cache.invalidateQueries({ queryKey: ['home', 'layout'] })
}
export function moved(layout: Stand[], from: number, to: number): Stand[] {
  const out = [...layout]
  const [one] = out.splice(from, 1)
  out.splice(Math.max(0, Math.min(to, out.length)), 0, one!)
  return out
}
export function sized(s: Stand, by: number): Stand {
  const at = WIDTHS.findIndex((w) => w >= s.w)
  return { ...s, w: WIDTHS[Math.max(0, Math.min(WIDTHS.length - 1, at + by))]! }
}

/* ---- what waits ---- */
/** table: null of what is of several tables (approvals): then each row names its own. since: `on` is when it began, not by when it is due. */
export interface Waiting { name: string; label: string; table: string | null; icon: string | null; view: string | null; title: string; title_type?: FieldType; title_of?: string | null; on: string; since?: boolean; what: string | null; act: string | null; count: number; more: boolean; page: Page & { refs?: Refs } }
export interface Todo { today: string; waiting: Waiting[] }
export interface News { id: number; title: string; text: string | null; pinned: boolean; at: string }
