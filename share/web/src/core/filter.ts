// filter.ts - filter conditions as people make them, and as the host reads them.
import { addDays, fmt, fmtInt, fromLocal } from './fmt'
import { t } from './i18n'
import type { Field, Filter, Op } from './types'

/** One condition of the list's filter bar; `op` is the host's or one of ours. */
export type FilterOp = Op | 'between' | 'me' | 'last' | 'next' | 'today' | 'past'
export type Clause = [field: string, op: FilterOp, value?: unknown]
export type Needs = 'none' | 'value' | 'many' | 'pair' | 'days'

const NEEDS: Partial<Record<FilterOp, Needs>> = {
  empty: 'none', 'not empty': 'none', me: 'none', today: 'none', past: 'none',
  between: 'pair', last: 'days', next: 'days', in: 'many', 'not in': 'many',
}
export const needs = (op: FilterOp): Needs => NEEDS[op] ?? 'value'

const BY_KIND: Record<string, FilterOp[]> = {
  text: ['~', '=', '!=', '^', 'empty', 'not empty'],
  number: ['=', '!=', '>', '>=', '<', '<=', 'between', 'empty', 'not empty'],
  date: ['today', 'past', 'next', 'last', '=', '<', '>', 'between', 'empty', 'not empty'],
  pick: ['in', 'not in', 'empty', 'not empty'],
  bool: ['='],
  user: ['me', 'in', 'not in', 'empty', 'not empty'],
  other: ['empty', 'not empty'],
}
/* Ours, in terms of the host's. */
const MADE_OF: Partial<Record<FilterOp, Op[]>> = {
  between: ['>=', '<='], me: ['='], today: ['>=', '<='], last: ['>=', '<='], next: ['>=', '<='], past: ['<'],
}

function kindOf(f: Field): string {
  switch (f.type) {
    case 'int': case 'real': case 'money': return 'number'
    case 'date': case 'time': return 'date'
    case 'pick': return 'pick'
    case 'ref': return f.of === 'user' ? 'user' : 'pick'
    case 'bool': return 'bool'
    case 'json': case 'file': return 'other'
    default: return 'text'
  }
}

/** The operators to offer for a field, the most useful first. */
export function opsFor(f: Field): FilterOp[] {
  const host = f.filter
  const all = BY_KIND[kindOf(f)]!
  if (!host) return all
  return all.filter((op) => (MADE_OF[op] ?? [op as Op]).every((o) => host.includes(o)))
}

export const isComplete = (c: Clause): boolean => {
  const v = c[2]
  switch (needs(c[1])) {
    case 'none': return true
    case 'many': return Array.isArray(v) && v.length > 0
    case 'pair': return Array.isArray(v) && (v[0] ?? '') !== '' && (v[1] ?? '') !== ''
    default: return v !== undefined && v !== null && v !== ''
  }
}

/** A day as a value of that field: itself, or the instant it begins on the company's clock. */
const dayStart = (f: Field, day: string): string => (f.type === 'time' ? fromLocal(day + 'T00:00') : day)
const within = (f: Field, from: string, to: string): Filter =>
  f.type === 'time'
    ? { and: [[f.name, '>=', dayStart(f, from)], [f.name, '<', dayStart(f, addDays(to, 1))]] }
    : { and: [[f.name, '>=', from], [f.name, '<=', to]] }

function dateFilter(f: Field, op: FilterOp, v: unknown): Filter {
  const n = f.name
  switch (op) {
    case 'today': return { and: [[n, '>=', '@today'], [n, f.type === 'time' ? '<' : '<=', f.type === 'time' ? '@today+1d' : '@today']] }
    case 'past': return [n, '<', '@today']
    case 'next': return { and: [[n, '>=', '@today'], [n, '<=', `@today+${Number(v)}d`]] }
    case 'last': return { and: [[n, '>=', `@today-${Number(v)}d`], [n, '<=', f.type === 'time' ? '@today+1d' : '@today']] }
    case '=': return within(f, String(v), String(v))
    case 'between': return within(f, String((v as string[])[0]), String((v as string[])[1]))
    case '>': return f.type === 'time' ? [n, '>=', dayStart(f, addDays(String(v), 1))] : [n, '>', v]
    case '<': return [n, '<', dayStart(f, String(v))]
    default: return [n, op as Op, null]
  }
}

function toFilter(f: Field, [name, op, v]: Clause): Filter {
  if (kindOf(f) === 'date') return dateFilter(f, op, v)
  if (op === 'me') return [name, '=', '@me']
  if (op === 'between') return { and: [[name, '>=', (v as unknown[])[0]], [name, '<=', (v as unknown[])[1]]] }
  return [name, op as Op, needs(op) === 'none' ? null : v]
}

/** What the host is asked; undefined when nothing is filtered. */
export function compile(clauses: Clause[], fieldOf: (name: string) => Field | undefined): Filter | undefined {
  const out: Filter[] = []
  for (const c of clauses) {
    const f = fieldOf(c[0])
    if (f && isComplete(c)) out.push(toFilter(f, c))
  }
  return out.length > 1 ? { and: out } : out[0]
}

/** "Status is any of New, Won". */
export function describe(f: Field, [, op, v]: Clause): string {
  const word = t('op.' + op)
  switch (needs(op)) {
    case 'none': return `${f.label} ${word}`
    case 'days': return `${f.label} ${t('op.' + op + '.n', { n: fmtInt(Number(v)) })}`
    case 'pair': return `${f.label} ${fmt(f, (v as unknown[])[0])} – ${fmt(f, (v as unknown[])[1])}`
    case 'many': return `${f.label} ${word} ${(v as unknown[]).map((x) => fmt({ ...f, many: false }, x)).join(t('comma'))}`
    default: return `${f.label} ${word} ${f.type === 'time' ? fmt({ ...f, type: 'date' }, v) : fmt(f, v)}`
  }
}

export function readClauses(text: unknown): Clause[] {
  if (typeof text !== 'string' || !text) return []
  try {
    const v: unknown = JSON.parse(text)
    return Array.isArray(v) ? v.filter((c): c is Clause => Array.isArray(c) && typeof c[0] === 'string' && typeof c[1] === 'string') : []
  } catch {
    return []
  }
}
