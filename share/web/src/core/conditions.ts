// conditions.ts - what declarations say of a field: when it is asked for, and which records it may name.
import { blank } from './fmt'
import type { Field, Filter } from './types'

type Values = Record<string, unknown>
/* "@me" and the like are the host's to understand; any other "@name" is a field of the record itself. */
const own = (v: unknown): string | undefined =>
  typeof v === 'string' && v.startsWith('@') && !/^@(me|team|today|now|week|month|quarter|year)([+-]|$)/.test(v) ? v.slice(1) : undefined

/** A condition on other records, with the record's own values in it; what would compare with nothing falls away. */
export function filled(f: Filter | null | undefined, values: Values): Filter | undefined {
  if (!f) return undefined
  if (Array.isArray(f)) {
    const [name, op, v] = f
    const field = own(v)
    if (field === undefined) return f
    return blank(values[field]) ? undefined : [name, op, values[field]]
  }
  if ('not' in f) {
    const kid = filled(f.not, values)
    return kid && { not: kid }
  }
  const kids = ('and' in f ? f.and : f.or).map((k) => filled(k, values)).filter((k) => k !== undefined)
  return kids.length ? ('and' in f ? { and: kids } : { or: kids }) : undefined
}

const plain = (v: unknown): string => (typeof v === 'number' || typeof v === 'boolean' ? String(v) : typeof v === 'string' ? v.toLowerCase() : '')
const among = (v: unknown, list: unknown): boolean => {
  const mine = (Array.isArray(v) ? v : [v]).map(plain)
  return (Array.isArray(list) ? list : [list]).some((x) => mine.includes(plain(x)))
}
const order = (a: unknown, b: unknown): number =>
  Number.isFinite(Number(a)) && Number.isFinite(Number(b)) ? Number(a) - Number(b) : plain(a) < plain(b) ? -1 : plain(a) > plain(b) ? 1 : 0

function leaf(v: unknown, op: string, x: unknown): boolean {
  switch (op) {
    case 'empty': return blank(v)
    case 'not empty': return !blank(v)
    case '=': case 'in': return !blank(v) && among(v, x)
    case '!=': case 'not in': return blank(v) || !among(v, x)
    case '~': return plain(v).includes(plain(x))
    case '^': return plain(v).startsWith(plain(x))
    case '<': return !blank(v) && order(v, x) < 0
    case '<=': return !blank(v) && order(v, x) <= 0
    case '>': return !blank(v) && order(v, x) > 0
    case '>=': return !blank(v) && order(v, x) >= 0
    default: return true
  }
}

/** Whether a condition holds for a record as it stands in the form; one we do not understand does. */
export function holds(f: Filter | null | undefined, values: Values): boolean {
  if (!f) return true
  if (Array.isArray(f)) return leaf(values[f[0]], f[1], f[2])
  if ('not' in f) return !holds(f.not, values)
  return 'and' in f ? f.and.every((k) => holds(k, values)) : f.or.some((k) => holds(k, values))
}
/** Whether the field is asked for at all. */
export const applies = (f: Field, values: Values): boolean => holds(f.when, values)
