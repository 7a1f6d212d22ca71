// filter.ts - filters as people make them: conditions in groups that nest; and as the host reads them.
import { addDays, fmt, fmtInt } from './fmt'
import { t } from './i18n'
import type { Field, Filter, Op } from './types'

/** How one condition compares: the host's way, or one of ours in terms of it. */
export type FilterOp = Op | 'between' | 'before' | 'after' | 'me' | 'team' | 'past'
export interface Leaf { field: string; op: FilterOp; value?: unknown }
export interface Group { any: boolean; kids: Node[] }
export type Node = Leaf | Group
export type Needs = 'none' | 'value' | 'many' | 'pair' | 'period'

export const isGroup = (n: Node): n is Group => 'kids' in n
export const none = (): Group => ({ any: false, kids: [] })

const NEEDS: Partial<Record<FilterOp, Needs>> = {
  empty: 'none', 'not empty': 'none', me: 'none', team: 'none', past: 'none',
  between: 'pair', within: 'period', in: 'many', 'not in': 'many',
}
export const needs = (op: FilterOp): Needs => NEEDS[op] ?? 'value'

/** Periods that the host knows by name; those with days come as "@last_30d". */
export const PERIODS = [
  '@today', '@yesterday', '@tomorrow', '@this_week', '@last_week', '@next_week', '@this_month', '@last_month', '@next_month',
  '@this_quarter', '@last_quarter', '@this_year', '@last_year', '@last_d', '@next_d',
]
/** "@last_30d" as its kind and its number of days. */
export function periodOf(v: unknown): { kind: string; days: number } {
  const m = /^(@(?:last|next)_)(\d+)d$/.exec(String(v ?? ''))
  return m ? { kind: m[1] + 'd', days: Number(m[2]) } : { kind: String(v ?? ''), days: 7 }
}
export const periodFrom = (kind: string, days: number): string =>
  kind === '@last_d' || kind === '@next_d' ? kind.slice(0, -1) + Math.max(0, Math.min(3650, Math.round(days) || 0)) + 'd' : kind

const BY_KIND: Record<string, FilterOp[]> = {
  text: ['~', '=', '!=', '^', 'empty', 'not empty'],
  number: ['=', '!=', '>', '>=', '<', '<=', 'between', 'empty', 'not empty'],
  date: ['within', '=', 'before', 'after', 'between', 'past', 'empty', 'not empty'],
  pick: ['in', 'not in', 'empty', 'not empty'],
  bool: ['='],
  user: ['me', 'team', 'in', 'not in', 'empty', 'not empty'],
  other: ['empty', 'not empty'],
}
/* Ours, in terms of the host's. */
const MADE_OF: Partial<Record<FilterOp, Op>> = { between: 'within', before: 'within', after: 'within', me: '=', team: 'in', past: '<' }

function kindOf(f: Field): string {
  switch (f.type) {
    case 'int': case 'real': case 'money': return 'number'
    case 'date': case 'time': return 'date'
    case 'pick': return 'pick'
    case 'ref': return f.of === 'user' && !f.many ? 'user' : 'pick'
    case 'bool': return 'bool'
    case 'json': case 'file': return 'other'
    default: return 'text'
  }
}

/** The operators to offer for a field, the most useful first. */
export function opsFor(f: Field): FilterOp[] {
  const all = BY_KIND[kindOf(f)]!
  return f.filter ? all.filter((op) => f.filter!.includes(MADE_OF[op] ?? (kindOf(f) === 'date' && op === '=' ? 'within' : (op as Op)))) : all
}
export const filterable = (f: Field): boolean => f.name !== 'version' && opsFor(f).length > 0

export function isComplete(c: Leaf): boolean {
  const v = c.value
  if (!c.field) return false
  switch (needs(c.op)) {
    case 'none': return true
    case 'many': return Array.isArray(v) && v.length > 0
    case 'pair': return Array.isArray(v) && ((v[0] ?? '') !== '' || (v[1] ?? '') !== '')
    default: return v !== undefined && v !== null && v !== ''
  }
}

/* ---- to the host ---- */
function leafTo(f: Field, { field, op, value: v }: Leaf): Filter {
  const date = kindOf(f) === 'date'
  switch (op) {
    case 'me': return [field, '=', '@me']
    case 'team': return [field, 'in', '@team']
    case 'past': return [field, '<', '@today']
    case 'between': return [field, 'within', (v as unknown[]).map((x) => (x === '' || x === undefined ? null : x))]
    case 'before': return [field, 'within', [null, addDays(String(v), -1)]]
    case 'after': return [field, 'within', [addDays(String(v), 1), null]]
    case '=': return date ? [field, 'within', [v, v]] : [field, '=', v]
    default: return needs(op) === 'none' ? [field, op as Op, null] : [field, op as Op, v]
  }
}

type FieldOf = (name: string) => Field | undefined
/** What the host is asked; undefined when nothing is filtered.  Conditions that are not finished, or on
 *  fields that are not there, do not count. */
export function compile(n: Node, fieldOf: FieldOf): Filter | undefined {
  if (!isGroup(n)) {
    const f = fieldOf(n.field)
    return f && isComplete(n) ? leafTo(f, n) : undefined
  }
  const kids = n.kids.map((k) => compile(k, fieldOf)).filter((k) => k !== undefined)
  return kids.length > 1 ? (n.any ? { or: kids } : { and: kids }) : kids[0]
}

/* ---- and back ---- */
const plain = (op: unknown): op is FilterOp => typeof op === 'string'
function withinFrom(field: string, v: unknown): Leaf | undefined {
  if (typeof v === 'string') return { field, op: 'within', value: v }
  if (!Array.isArray(v) || v.length !== 2) return undefined
  const day = (x: unknown): x is string => typeof x === 'string' && /^\d{4}-\d\d-\d\d$/.test(x)
  if (day(v[0]) && v[0] === v[1]) return { field, op: '=', value: v[0] }
  if (v[0] === null && day(v[1])) return { field, op: 'before', value: addDays(v[1], 1) }
  if (v[1] === null && day(v[0])) return { field, op: 'after', value: addDays(v[0], -1) }
  return { field, op: 'between', value: v }
}
/* Addresses of earlier versions: ["next_date","next",7]. */
const OLD: Record<string, (v: unknown) => Leaf['value']> = { next: (v) => `@next_${Number(v)}d`, last: (v) => `@last_${Number(v)}d`, today: () => '@today' }

function leafFrom([field, op, v]: [unknown, unknown, unknown?]): Leaf | undefined {
  if (typeof field !== 'string' || !plain(op)) return undefined
  if (op in OLD) return { field, op: 'within', value: OLD[op]!(v) }
  if (op === 'within') return withinFrom(field, v)
  if (op === '=' && v === '@me') return { field, op: 'me' }
  if (op === 'in' && v === '@team') return { field, op: 'team' }
  if (op === '<' && v === '@today') return { field, op: 'past' }
  return { field, op, value: v ?? undefined }
}
function nodeFrom(x: unknown): Node | undefined {
  if (Array.isArray(x)) return Array.isArray(x[0]) ? { any: false, kids: x.flatMap((k) => nodeFrom(k) ?? []) } : leafFrom(x as [unknown, unknown, unknown?])
  if (!x || typeof x !== 'object') return undefined
  const [any, kids] = 'or' in x ? [true, x.or] : [false, 'and' in x ? x.and : undefined]
  return Array.isArray(kids) ? { any, kids: kids.flatMap((k) => nodeFrom(k) ?? []) } : undefined
}
/** A filter of the host's as groups and conditions; what cannot be understood filters nothing. */
export function readFilter(x: unknown): Group {
  let v = x
  if (typeof x === 'string') {
    try {
      v = JSON.parse(x || 'null')
    } catch {
      return none()
    }
  }
  const n = nodeFrom(v)
  return !n ? none() : isGroup(n) ? n : { any: false, kids: [n] }
}
export const countOf = (n: Node): number => (isGroup(n) ? n.kids.reduce((s, k) => s + countOf(k), 0) : 1)

/** The records that conditions name, by table. */
export function namedBy(nodes: Node[], fieldOf: FieldOf): Map<string, unknown[]> {
  const out = new Map<string, unknown[]>()
  for (const n of nodes) {
    const f = isGroup(n) ? undefined : fieldOf(n.field)
    const own: [string, unknown[]][] = isGroup(n) ? [...namedBy(n.kids, fieldOf)] : f?.type === 'ref' && needs(n.op) !== 'none' ? [[f.of ?? '', [n.value].flat()]] : []
    for (const [table, ids] of own) out.set(table, [...(out.get(table) ?? []), ...ids])
  }
  return out
}

/* ---- in words ---- */
export const periodText = (v: unknown): string => {
  const { kind, days } = periodOf(v)
  return /^@(today|yesterday|tomorrow|this_\w+|last_[a-z]+|next_[a-z]+)$/.test(kind) && !kind.endsWith('_d')
    ? t('period.' + kind.slice(1)) : t('period.' + kind.slice(1) + '.n', { n: fmtInt(days) })
}
function leafText(f: Field, { op, value: v }: Leaf): string {
  const word = t('op.' + op)
  const one = (x: unknown): string => (f.type === 'time' ? fmt({ ...f, type: 'date' }, x) : fmt({ ...f, many: false }, x))
  switch (needs(op)) {
    case 'none': return `${f.label} ${word}`
    case 'period': return `${f.label} ${periodText(v)}`
    case 'pair': return `${f.label} ${one((v as unknown[])[0])} – ${one((v as unknown[])[1])}`
    case 'many': return `${f.label} ${word} ${(v as unknown[]).map(one).join(t('comma'))}`
    default: return `${f.label} ${word} ${one(v)}`
  }
}
/** "Status is any of New, Won"; groups with their conjunction. */
export function describe(n: Node, fieldOf: FieldOf): string {
  if (isGroup(n)) {
    const kids = n.kids.map((k) => (isGroup(k) && k.kids.length > 1 ? `(${describe(k, fieldOf)})` : describe(k, fieldOf))).filter(Boolean)
    return kids.join(` ${t(n.any ? 'filter.or' : 'filter.and')} `)
  }
  const f = fieldOf(n.field)
  return f && isComplete(n) ? leafText(f, n) : ''
}
