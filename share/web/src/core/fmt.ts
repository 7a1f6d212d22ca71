// fmt.ts - values as people read them, and what they type back as values.
import { shallowReactive } from 'vue'
import { has, instead, locale, t } from './i18n'
import { currency, zone } from './session'
import type { Field, Filter, Marks, Meta, Option, Refs, Row } from './types'

/* Titles of referenced records, learnt from every answer that carries them. */
const titles = shallowReactive(new Map<string, string>())
export function learn(refs: Refs | undefined): void {
  for (const [table, byId] of Object.entries(refs ?? {}))
    for (const [id, title] of Object.entries(byId)) titles.set(`${table}/${id}`, title)
}
export const learnOne = (table: string, id: number, title: string): void =>
  void titles.set(`${table}/${id}`, title)
export const isKnown = (table: string, id: unknown): boolean => titles.has(`${table}/${String(id)}`)
/* Roles that plugins bring are called as people call them ("ui.role.sales" of the plugin's words); one that was renamed, as it was. */
export const roleName = (name: string): string => instead.value['role.' + name] ?? name
/** Finds roles by what people call them: the host knows them by their names only. */
export function rolesCalled(q: string): Filter {
  const known = Object.keys(instead.value).flatMap((k) => (k.startsWith('role.') && fold(instead.value[k]!).includes(fold(q)) ? k.slice(5) : []))
  return { or: [['name', '~', q], ...known.map((r): Filter => ['name', '=', r])] }
}
export const titleOf = (table: string, id: unknown): string => {
  const name = titles.get(`${table}/${id}`) ?? `#${String(id)}`
  return table === 'role' ? roleName(name) : name
}

const made = new Map<string, unknown>()
/** Intl objects are dear to make: one for each locale and set of options. */
function cached<T>(kind: string, options: object, make: () => T): T {
  const k = kind + locale.value + JSON.stringify(options)
  let v = made.get(k) as T | undefined
  if (!v) made.set(k, (v = make()))
  return v
}
/* Where a row has what its list was searched for; copies of the row keep it. */
const MARKS = Symbol('marks')
export function markRow(r: Row, marks: Record<string, Marks> | undefined): void {
  if (marks) (r as { [MARKS]?: Record<string, Marks> })[MARKS] = marks
}
export const marksOf = (r: Row, field: string): Marks | undefined => (r as { [MARKS]?: Record<string, Marks> })[MARKS]?.[field]

export const numberFormat = (o: Intl.NumberFormatOptions = {}): Intl.NumberFormat =>
  cached('n', o, () => new Intl.NumberFormat(locale.value, o))
const dateFormat = (o: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  cached('d', o, () => new Intl.DateTimeFormat(locale.value, o))

export const fmtInt = (n: number): string => numberFormat().format(n)
export const fmtPercent = (n: number): string =>
  numberFormat({ style: 'percent', maximumFractionDigits: 0 }).format(n)

/** What an amount is in: the declaration's currency, or what another field of its record says; "": not known here. */
export function unitOf(f: Pick<Field, 'of'>, row?: Row): string | undefined {
  if (!f.of?.startsWith('@')) return f.of || undefined
  const said = row?.[f.of.slice(1)]
  return said === undefined ? '' : String(said ?? '') || undefined
}
/** Exact: the decimal string is formatted as it is, never through a float. */
export function fmtMoney(v: string, unit = currency.value): string {
  const digits = v.split('.')[1]?.replace(/0+$/, '').length ?? 0
  const o: Intl.NumberFormatOptions = {
    ...(unit && { style: 'currency', currency: unit, currencyDisplay: 'narrowSymbol' }),
    minimumFractionDigits: digits ? Math.max(digits, 2) : 0, maximumFractionDigits: Math.max(digits, 2),
  }
  return numberFormat(o).format(v as Intl.StringNumericLiteral)
}

export const fmtDate = (v: string): string =>
  dateFormat({ year: 'numeric', month: '2-digit', day: '2-digit', timeZone: 'UTC' })
    .format(new Date(v + 'T00:00:00Z'))
export const fmtTime = (v: string): string =>
  dateFormat({
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
    hour12: false, timeZone: zone.value,
  }).format(new Date(v))

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400], ['hour', 3600], ['minute', 60],
]
/** "3 minutes ago"; the plain time when it is a week or more away. */
export function fmtAgo(v: string, now = Date.now()): string {
  const s = (Date.parse(v) - now) / 1000
  if (Math.abs(s) >= 7 * 86_400) return fmtTime(v)
  const rtf = cached('r', {}, () => new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto' }))
  for (const [unit, size] of STEPS) if (Math.abs(s) >= size) return rtf.format(Math.trunc(s / size), unit)
  return rtf.format(0, 'minute')
}
/** A deadline: "in 12 days"; the plain date when it is far off. */
export function fmtDue(v: string, now = Date.now()): string {
  const s = (Date.parse(v) - now) / 1000
  if (Math.abs(s) >= 60 * 86_400) return v.length === 10 ? fmtDate(v) : fmtDate(toLocal(v).slice(0, 10))
  const rtf = cached('r', {}, () => new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto' }))
  for (const [unit, size] of STEPS) if (Math.abs(s) >= size) return rtf.format(Math.trunc(s / size), unit)
  return rtf.format(0, 'minute')
}
/** How close it is: three days are near, a week is soon. */
export function nearness(v: string, now = Date.now()): 'near' | 'soon' | '' {
  const days = (Date.parse(v) - now) / 86_400_000
  return days <= 3 ? 'near' : days <= 7 ? 'soon' : ''
}
export function fmtDuration(seconds: number): string {
  if (seconds < 60) return t('seconds', { n: Math.max(1, Math.round(seconds)) })
  return t('minutes', { n: Math.round(seconds / 60) })
}

export const optionOf = (f: Field, v: unknown): Option | undefined =>
  f.options?.find((o) => o.value === v)

/** A dictionary without colours, such as countries, is text and no row of pills. */
export const coloured = (f: Field): boolean => !!f.options?.some((o) => o.color && o.color !== 'gray')

const isEmpty = (v: unknown): boolean => v === null || v === undefined || v === ''
export const blank = (v: unknown): boolean => isEmpty(v) || (Array.isArray(v) && v.length === 0)
/** Whether its text names fields: see naming.ts. */
export const namesFields = (f: Field): boolean => /^@(fields?|date)\b/.test(f.of ?? '')
export function same(a: unknown, b: unknown): boolean {
  if (a === b || ((a ?? '') === '' && (b ?? '') === '')) return true
  return typeof a === 'object' && typeof b === 'object' && JSON.stringify(a ?? []) === JSON.stringify(b ?? [])
}

function one(f: Field, v: unknown, row?: Row): string {
  switch (f.type) {
    case 'pick': return optionOf(f, v)?.label ?? String(v)
    case 'ref': return titleOf(f.of ?? '', v)
    case 'money': return fmtMoney(String(v), unitOf(f, row))
    case 'int': return f.name === 'id' || (f.min! >= 1000 && f.max! < 10000) /* a year */ ? String(v) : fmtInt(Number(v))
    case 'real': return f.of === '%' ? fmtPercent(Number(v)) : numberFormat({ maximumFractionDigits: 6 }).format(Number(v))
    case 'bool': return v ? t('yes') : t('no')
    case 'date': return fmtDate(String(v))
    case 'time': return fmtTime(String(v))
    case 'json': return typeof v === 'string' ? v : JSON.stringify(v)
    case 'file': return typeof v === 'object' ? String((v as { name?: string }).name ?? '') : String(v)
    default: return optionOf(f, v)?.label ?? (f.of === '@field' ? hanging(v) : said(f, String(v)))
  }
}
/* "@say role.": what the host knows by a short name only has its words here. */
function said(f: Field, v: string): string {
  const key = f.of?.startsWith('@say ') ? f.of.slice(5) + v : ''
  return instead.value[key] ?? (has(key) ? t(key) : v)
}
/* What is no field but may be named like one: "@files", "@notes". */
const hanging = (v: unknown): string => (v === '@files' ? t('files') : v === '@notes' ? t('timeline.kind.note') : String(v))

/** The value as plain text in the user's language; "" when there is none. The row says in what its amounts are. */
export function fmt(f: Field, v: unknown, row?: Row): string {
  if (blank(v)) return ''
  if (Array.isArray(v) && f.type !== 'json') return v.map((x) => one(f, x)).join(t('comma'))
  return one(f, v, row)
}

/** What stands before a value that has no label of its own: a number alone tells nothing; yes is told by the label itself. */
export const labelled = (f: Field): string => (f.type === 'bool' ? f.label : f.type === 'int' || f.type === 'real' ? f.label + ' ' : '')

/** What names a record, in words: a choice's label, a date as people write it. */
export function nameOfRow(m: Meta, row: Row): string {
  const own = m.said && row[m.said]
  const f = m.fields.find((x) => x.name === (own ? m.said : m.title))
  return (f && fmt(f, row[f.name])) || '#' + row.id
}

export const isNumeric = (f: Field): boolean =>
  f.type === 'money' || f.type === 'real' || (f.type === 'int' && f.name !== 'id')

/** Folded for comparing on this side: case, marks, full width and đ do not matter. */
export const fold = (s: string): string =>
  s.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').replace(/[đĐ]/g, 'd').toLowerCase()

function separators(): { group: string; decimal: string } {
  const parts = numberFormat().formatToParts(1234567.5)
  const of = (type: string, or: string): string => parts.find((p) => p.type === type)?.value ?? or
  return { group: of('group', ','), decimal: of('decimal', '.') }
}

/** What a person typed as a number, as an exact decimal string; null when it is none.  A lone
 *  separator groups thousands when the language writes it so and three digits follow. */
export function parseDecimal(text: string): string | null {
  let s = text.normalize('NFKC').replace(/[\s\u00a0'’]/g, '')
  const { group } = separators()
  const marks: string[] = s.match(/[.,]/g) ?? []
  const last = marks.at(-1)
  if (last) {
    const other = last === '.' ? ',' : '.'
    const count = marks.filter((m) => m === last).length
    const groups = count > 1 || (!marks.includes(other) && last === group && /[.,]\d{3}$/.test(s))
    s = groups ? s.replace(/[.,]/g, '') : s.replaceAll(other, '').replace(last, '.')
  }
  if (!/^[-+]?(\d+\.?\d*|\.\d+)$/.test(s)) return null
  return s.replace(/^\+/, '').replace(/^(-?)\./, '$10.').replace(/\.$/, '')
}

/** A decimal as one edits it: the language's decimal mark, no grouping. */
export const editDecimal = (v: unknown): string =>
  isEmpty(v) ? '' : String(v).replace('.', separators().decimal).replace(/([.,]\d*?[1-9])0+$|[.,]0*$/, '$1')

/** Minutes that the company's zone is ahead of UTC at that moment. */
function offsetAt(ms: number): number {
  const f = cached('z', { zone: zone.value }, () => new Intl.DateTimeFormat('en-US', {
    timeZone: zone.value, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
    hour: '2-digit', minute: '2-digit', second: '2-digit',
  }))
  const p = Object.fromEntries(f.formatToParts(ms).map((x) => [x.type, Number(x.value)])) as
    Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>
  const local = Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second)
  return Math.round((local - Math.floor(ms / 1000) * 1000) / 60_000)
}

/** "2026-11-22T09:30" on the company's clock as an instant. */
export function fromLocal(local: string): string {
  const wall = Date.parse(local + (local.length === 16 ? ':00Z' : 'Z'))
  let utc = wall - offsetAt(wall) * 60_000
  utc = wall - offsetAt(utc) * 60_000
  return new Date(utc).toISOString()
}
export function toLocal(instant: string): string {
  const ms = Date.parse(instant)
  return new Date(ms + offsetAt(ms) * 60_000).toISOString().slice(0, 16)
}
export const today = (): string => toLocal(new Date().toISOString()).slice(0, 10)
export function addDays(date: string, n: number): string {
  return new Date(Date.parse(date + 'T00:00:00Z') + n * 86_400_000).toISOString().slice(0, 10)
}

const HUES = ['blue', 'green', 'amber', 'violet', 'teal', 'pink', 'red', 'gray']
export const hueOf = (id: unknown): string => HUES[Math.abs(Number(id) || 0) % HUES.length]!
/** One or two letters for the round picture: the last Han character pair, or initials. */
export function initials(name: string): string {
  const s = name.trim()
  if (/\p{Script=Han}/u.test(s)) return [...s].slice(-1).join('')
  const w = s.split(/\s+/).filter(Boolean)
  return ((w[0]?.[0] ?? '') + (w.length > 1 ? w.at(-1)![0] : '')).toUpperCase()
}
