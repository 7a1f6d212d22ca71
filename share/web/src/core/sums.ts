// sums.ts - counts and sums of what a question finds, as the host adds them up; groups and their names.
import { computed, effectScope, onScopeDispose, shallowReactive, watch, type ComputedRef, type EffectScope } from 'vue'
import { get } from './api'
import { addDays, fmt, fmtInt, learn, numberFormat, optionOf, titleOf } from './fmt'
import { locale, t } from './i18n'
import { isDay, type Question } from './look'
import { useQuery } from './query'
import { useRows, type Rows } from './rows'
import type { Field, Filter, Meta, Row, Sums, Tally, TallyGroup } from './types'

export const MEASURES = ['sum', 'avg', 'min', 'max'] as const
export type Measure = (typeof MEASURES)[number]
/** "amount:avg" as a field's name and what is asked of it. */
export const measureOf = (s: string): [name: string, what: Measure] => {
  const [name, what] = s.split(':')
  return [name!, MEASURES.includes(what as Measure) ? (what as Measure) : 'sum']
}

export interface SumsOptions { meta: Meta | undefined; question: Partial<Question>; group?: string; sums: string[]; enabled?: boolean }

export function useSums(options: () => SumsOptions): ComputedRef<Sums | undefined> & { trouble: ComputedRef<{ error: Error | null; refetch: () => unknown } | undefined> } {
  const found = useQuery<Sums>(() => {
    const o = options()
    const of = (m: Measure): string | undefined => o.sums.map(measureOf).filter(([, w]) => w === m).map(([n]) => n).join(',') || undefined
    const { view, q, filter, at } = o.question
    return {
      queryKey: ['sums', o.meta?.table ?? '', view, q, filter, o.group, at, o.sums.join(), locale.value],
      enabled: !!o.meta && o.enabled !== false,
      queryFn: async ({ signal }) => {
        const s = await get<Sums>(o.meta!.table + '/_aggregate', { view, q, filter, at, group: o.group, sum: of('sum'), avg: of('avg'), min: of('min'), max: of('max') }, signal)
        learn(s.refs)
        return s
      },
      placeholderData: (old: Sums | undefined, prior?: { queryKey: readonly unknown[] }) => (prior?.queryKey[1] === o.meta?.table && prior?.queryKey[5] === o.group ? old : undefined),
    }
  })
  return Object.assign(computed(() => found.value.data), { trouble: computed(() => (found.value.isError && !found.value.data ? found.value : undefined)) })
}

/** "Σ 1,234.00", in the field's own way of writing. */
export function numberText(f: Field, s: string, n: Tally | undefined): string {
  const [name, what] = measureOf(s)
  const v = n?.[what]?.[name]
  if (v === null || v === undefined) return '–'
  if (what === 'avg' && f.type !== 'money') return numberFormat({ maximumFractionDigits: 2 }).format(Number(v))
  return fmt(f, what === 'avg' ? Number(v).toFixed(2) : v)
}

/** All that is asked of one field, such as its sum and its mean; "" when nothing is. */
export const sumText = (f: Field, sums: string[] | undefined, n: Tally | undefined): string =>
  (sums ?? []).filter((s) => measureOf(s)[0] === f.name).map((s) => `${t('measure.short.' + measureOf(s)[1])} ${numberText(f, s, n)}`).join('  ')
/** The fields that are added up, but for those that have a column. */
export const summed = (m: Meta, sums: string[] | undefined, shown: Field[] = []): Field[] =>
  m.fields.filter((f) => sums?.some((s) => measureOf(s)[0] === f.name) && !shown.includes(f))

/* ---- groups ---- */
export type Key = string | number | boolean | null
export interface Bundle {
  key: Key
  id: string
  label: string
  color?: string | null
  tally: Tally
  /** The condition that finds its records. */
  filter: Filter
}

const UNIT_DAYS: Record<string, (from: string) => string> = {
  day: (d) => d,
  week: (d) => addDays(d, 6),
  month: (d) => addDays(nextMonth(d, 1), -1),
  quarter: (d) => addDays(nextMonth(d, 3), -1),
  year: (d) => addDays(nextMonth(d, 12), -1),
}
export function nextMonth(day: string, by: number): string {
  const n = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1 + by
  return `${String(Math.floor(n / 12)).padStart(4, '0')}-${String((n % 12) + 1).padStart(2, '0')}-01`
}
const utc = (day: string): Date => new Date(day + 'T00:00:00Z')
const dateText = (o: Intl.DateTimeFormatOptions, day: string): string => new Intl.DateTimeFormat(locale.value, { ...o, timeZone: 'UTC' }).format(utc(day))

function periodName(unit: string, day: string): string {
  if (unit === 'year') return dateText({ year: 'numeric' }, day)
  if (unit === 'quarter') return t('quarter', { n: Math.floor((Number(day.slice(5, 7)) - 1) / 3) + 1, year: day.slice(0, 4) })
  if (unit === 'month') return dateText({ year: 'numeric', month: 'short' }, day)
  if (unit === 'week') return `${fmt({ type: 'date' } as Field, day)} – ${fmt({ type: 'date' } as Field, addDays(day, 6))}`
  return dateText({ year: 'numeric', month: 'short', day: 'numeric', weekday: 'short' }, day)
}

export function keyText(f: Field, by: string, key: Key): string {
  if (key === null) return t('group.none')
  if (isDay(f)) return periodName(by.split(':')[1] ?? 'day', String(key))
  if (f.type === 'pick') return optionOf(f, key)?.label ?? String(key)
  if (f.type === 'ref') return titleOf(f.of ?? '', key)
  if (f.type === 'bool') return `${f.label}: ${t(key ? 'yes' : 'no')}`
  return fmt({ ...f, many: false }, key)
}
export function keyFilter(f: Field, by: string, key: Key): Filter {
  if (key === null) return [f.name, 'empty', null]
  if (isDay(f)) return [f.name, 'within', [key, UNIT_DAYS[by.split(':')[1] ?? 'day']!(String(key))]]
  return f.many ? [f.name, 'in', [key]] : [f.name, '=', key]
}
export const bundle = (f: Field, by: string, g: TallyGroup): Bundle => {
  const key = g.key[0] ?? null
  return { key, id: `${by}=${String(key)}`, label: keyText(f, by, key), color: f.type === 'pick' ? optionOf(f, key)?.color : undefined, tally: g, filter: keyFilter(f, by, key) }
}
export interface Step { key: number; label: string; color: string | null; parent: number | null }
/** The records that a reference may name, in their order; of parts, those of what is in use, or of the first where nothing is. */
export function stepsOf(f: Field, rows: Row[] | undefined, s: Sums | undefined): Step[] | undefined {
  const b = f.board
  if (!b || !rows) return undefined
  const all = rows.map((r): Step => ({ key: r.id, label: String((b.said && r[b.said]) || (r[b.title] ?? '#' + r.id)), color: b.color ? ((r[b.color] as string | null) ?? null) : null, parent: b.parent ? (r[b.parent] as number) : null }))
  const used = new Set(all.filter((x) => s?.groups.some((g) => g.key[0] === x.key)).map((x) => x.parent))
  return all.filter((x) => (used.size ? used.has(x.parent) : x.parent === all[0]?.parent))
}
/** Choices in the dictionary's order, with the empty ones where `all`; what is none comes last. */
export function bundles(f: Field, by: string, s: Sums | undefined, all = false, steps?: Step[]): Bundle[] {
  const found = (s?.groups ?? []).map((g) => bundle(f, by, g))
  const of = new Map(steps?.map((x) => [x.key as Key, x]))
  if (steps) {
    const known = steps.map((x): Bundle => ({ ...(found.find((b) => b.key === x.key) ?? bundle(f, by, { key: [x.key], count: 0 })), label: x.label, color: x.color }))
    return [...known, ...found.filter((b) => !of.has(b.key))]
  }
  const keys: Key[] = f.type === 'pick' ? (f.options ?? []).map((o) => o.value) : f.type === 'bool' ? [true, false] : []
  const at = (k: Key): Bundle | undefined => found.find((b) => b.key === k)
  const empty = (k: Key): Bundle => bundle(f, by, { key: [k], count: 0 })
  const known = keys.flatMap((k) => at(k) ?? (all ? empty(k) : []))
  const rest = found.filter((b) => b.key !== null && !keys.includes(b.key))
  const last = at(null) ?? (all && !f.required && keys.length && f.type !== 'bool' ? empty(null) : undefined)
  return [...known, ...rest, ...(last ? [last] : [])]
}
export const withFilter = (question: Partial<Question>, f: Filter): Partial<Question> => ({
  ...question, filter: JSON.stringify(question.filter ? { and: [JSON.parse(question.filter) as Filter, f] } : f),
})
export const countText = (n: number, exact: boolean): string => fmtInt(n) + (exact ? '' : '+')

/** The pages of several groups, each fetched when it is opened. */
export function useBundleRows(options: () => { meta: Meta | undefined; question: Partial<Question>; columns: string[]; open: Bundle[] }): Map<string, ComputedRef<Rows>> {
  const scopes = new Map<string, EffectScope>()
  const rows = shallowReactive(new Map<string, ComputedRef<Rows>>())
  watch(() => options().open, (open) => {
    for (const b of open) {
      if (rows.has(b.id)) continue
      const scope = effectScope(true)
      scopes.set(b.id, scope)
      rows.set(b.id, scope.run(() => useRows(() => {
        const o = options()
        return { meta: o.meta, question: withFilter(o.question, b.filter), columns: o.columns, count: false }
      }))!)
    }
    for (const id of [...rows.keys()].filter((k) => !open.some((b) => b.id === k))) {
      scopes.get(id)?.stop()
      scopes.delete(id)
      rows.delete(id)
    }
  }, { immediate: true })
  onScopeDispose(() => scopes.forEach((s) => s.stop()))
  return rows
}
