// look.ts - how a table is looked at right now: the view, and what the address says differently.
import { computed, reactive, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { rolesCalled } from './fmt'
import { compile, countOf, readFilter, type Group } from './filter'
import { fieldOf } from './meta'
import { clearPrefs, prefsOf, setPrefs } from './prefs'
import { LOOKS, type Field, type Look, type Meta, type View } from './types'

/** What the host is asked, whichever way it is shown. */
export type Question = Record<'view' | 'q' | 'filter' | 'sort' | 'bin' | 'at', string | undefined>

const str = (v: unknown): string => (typeof v === 'string' ? v : '')
const list = (v: unknown): string[] => str(v).split(',').filter(Boolean)
export const nameOf = (by: string): string => by.split(':')[0]!
export const isDay = (f: Field | undefined): boolean => f?.type === 'date' || f?.type === 'time'

/** Fields that records can be put together by, in lists and on boards. */
export const groupable = (m: Meta): Field[] =>
  m.fields.filter((f) => f.name !== 'id' && f.name !== 'version' && f.name !== m.title && (f.type === 'pick' || f.type === 'ref' || f.type === 'bool' || isDay(f) || (f.type === 'text' && f.filter?.includes('=') && f.list)))
/** Fields whose values one can drag a card to. */
export const boardable = (m: Meta): Field[] => m.fields.filter((f) => !f.many && (f.type === 'pick' || f.type === 'bool' || f.type === 'ref') && !['created_by', 'updated_by'].includes(f.name))
export const dated = (m: Meta): Field[] => m.fields.filter(isDay)
export const parents = (m: Meta): Field[] => m.fields.filter((f) => f.type === 'ref' && !f.many && f.of === m.table)
export const summable = (m: Meta): Field[] => m.fields.filter((f) => !f.many && f.name !== 'id' && f.name !== 'version' && (f.type === 'int' || f.type === 'real' || f.type === 'money'))

/** The looks that a table's fields allow. */
export function looksOf(m: Meta): Look[] {
  const can: Record<Look, boolean> = {
    list: true, board: boardable(m).length > 0, calendar: dated(m).length > 0, tree: parents(m).length > 0,
    graph: m.fields.some((f) => f.type === 'ref' && !['created_by', 'updated_by'].includes(f.name)) || m.details.length > 0,
  }
  return LOOKS.filter((l) => can[l])
}
/* What is in order, as stages are, or a choice with few values makes the better columns. */
const bestBoard = (m: Meta): string | undefined => {
  const all = boardable(m)
  return (all.find((f) => f.board) ?? all.find((f) => f.type === 'pick' && !f.readonly && (f.options?.length ?? 0) <= 12) ?? all.find((f) => f.of === 'user') ?? all[0])?.name
}
const bestDate = (m: Meta): string | undefined => (dated(m).find((f) => !f.readonly) ?? dated(m)[0])?.name

export interface Looking {
  view: View | undefined
  look: Look
  by: string
  from: string
  to: string
  sums: string[]
  sort: string[]
  columns: string[]
  fields: Field[]
  widths: Record<string, number>
  q: string
  filter: Group
  question: Question
  filtered: boolean
  changed: boolean
  bin: boolean
  /** The moment it is shown as of, an instant; "": as it is. */
  asof: string
}

const OWN = ['look', 'by', 'from', 'to', 'sums', 'sort', 'f'] as const

export function useLook(meta: ComputedRef<Meta | undefined>): { at: Looking; go: (change: Record<string, string | undefined>, push?: boolean) => void; setView: (v: View) => void; setColumns: (c: string[]) => void; setWidth: (name: string, w: number) => void; reset: () => void } {
  const route = useRoute()
  const router = useRouter()
  const bin = computed(() => route.query.bin === '1')
  const asof = computed(() => (bin.value || !meta.value?.is.history || Number.isNaN(Date.parse(str(route.query.asof))) ? '' : str(route.query.asof)))
  const view = computed<View | undefined>(() => {
    const all = meta.value?.views ?? []
    return all.find((v) => v.name === route.query.view) ?? all.find((v) => v.default) ?? all.find((v) => v.pinned !== false) ?? all[0]
  })
  const given = (key: (typeof OWN)[number]): boolean => route.query[key] !== undefined
  const look = computed<Look>(() => {
    const asked = (given('look') ? str(route.query.look) : view.value?.look) as Look
    return !bin.value && !asof.value && meta.value && looksOf(meta.value).includes(asked) ? asked : 'list'
  })
  const valid = (by: string, among: Field[]): string => (among.some((f) => f.name === nameOf(by)) ? by : '')
  const by = computed(() => {
    const m = meta.value
    if (!m || asof.value) return ''
    const asked = given('by') ? str(route.query.by) : view.value?.by ?? ''
    if (look.value === 'board') return valid(asked, boardable(m)) || (bestBoard(m) ?? '')
    if (look.value === 'tree') return valid(asked, parents(m)) || parents(m)[0]?.name || ''
    return (look.value === 'list' && !bin.value) || look.value === 'calendar' ? valid(asked, groupable(m)) : ''
  })
  const from = computed(() => (meta.value ? valid(given('from') ? str(route.query.from) : view.value?.from ?? '', dated(meta.value)) || (bestDate(meta.value) ?? '') : ''))
  const to = computed(() => (meta.value ? valid(given('to') ? str(route.query.to) : view.value?.to ?? '', dated(meta.value)) : ''))
  const sort = computed(() => (given('sort') ? list(route.query.sort) : view.value?.sort ?? []))
  /* A board that shows money tells its sums. */
  const usualSums = computed(() => view.value?.sums ?? (look.value === 'board' ? view.value?.columns ?? [] : []).filter((n) => meta.value?.fields.some((f) => f.name === n && f.type === 'money')))
  const sums = computed(() => (given('sums') ? list(route.query.sums) : usualSums.value).filter((s) => meta.value && summable(meta.value).some((f) => f.name === nameOf(s))))

  const prefs = computed(() => prefsOf(meta.value?.table ?? '', view.value?.name ?? ''))
  const defaults = computed(() => {
    const m = meta.value
    if (!m) return []
    const own = view.value?.columns?.length ? view.value.columns : m.fields.filter((f) => f.list).map((f) => f.name)
    return own.includes(m.title) ? [m.title, ...own.filter((c) => c !== m.title)] : own.length ? own : [m.title]
  })
  const columns = computed(() => (prefs.value.columns ?? defaults.value).filter((n) => meta.value && fieldOf(meta.value, n)))
  const q = computed(() => str(route.query.q))

  /* A saved view's own filter stands in the bar like one that was just made; the host knows the rest of
   * it by the view it is based on. */
  const saved = computed(() => (view.value?.saved ? view.value : undefined))
  const filter = computed(() => readFilter(given('f') ? route.query.f : saved.value?.filter ?? null))
  const compiled = computed(() => {
    const m = meta.value
    const f = m && compile(filter.value, (n) => fieldOf(m, n))
    return m?.table === 'role' && q.value ? { and: [...(f ? [f] : []), rolesCalled(q.value)] } : f
  })
  const question = computed<Question>(() => ({
    view: bin.value ? undefined : saved.value ? (saved.value.base || (meta.value?.views.some((v) => v.name === 'all') ? 'all' : undefined)) : view.value?.name,
    q: meta.value?.table === 'role' ? undefined : q.value || undefined,
    filter: compiled.value ? JSON.stringify(compiled.value) : undefined,
    sort: bin.value || asof.value ? undefined : sort.value.join(',') || undefined,
    bin: bin.value ? '1' : undefined,
    at: asof.value || undefined,
  }))
  const changed = computed(() => !bin.value && (OWN.some(given) || !!prefs.value.columns || !!prefs.value.widths))

  function go(change: Record<string, string | undefined>, push = false): void {
    const query = { ...route.query, ...change }
    for (const k of Object.keys(query)) if (query[k] === undefined || query[k] === null) delete query[k]
    void (push ? router.push({ query }) : router.replace({ query }))
  }
  const cleared = Object.fromEntries([...OWN.filter((k) => k !== 'f'), 'open', 'bin', 'day', 'who', 'root'].map((k) => [k, undefined]))
  return {
    at: reactive({
      view, look, by, from, to, sums, sort, columns, q, filter, question, changed, bin, asof,
      fields: computed(() => columns.value.map((n) => fieldOf(meta.value!, n)!)),
      widths: computed(() => prefs.value.widths ?? view.value?.widths ?? {}),
      filtered: computed(() => !!q.value || countOf(filter.value) > 0),
    }) as Looking,
    go,
    /* Back leads to the view of before. A filter made by hand goes along to the next view, unless one of them is saved with its own. */
    setView: (v) => go({ ...cleared, view: v.name, ...(v.saved || saved.value ? { f: undefined } : {}) }, v.name !== view.value?.name),
    setColumns: (c) => setPrefs(meta.value!.table, view.value!.name, { columns: c }),
    setWidth: (name, w) => setPrefs(meta.value!.table, view.value!.name, { widths: { ...(prefs.value.widths ?? view.value?.widths ?? {}), [name]: w } }),
    reset: () => {
      clearPrefs(meta.value!.table, view.value!.name)
      go(Object.fromEntries(OWN.map((k) => [k, undefined])))
    },
  }
}
