// validate.ts - the host's own rules, told early; the host checks again and decides.
import { applies } from './conditions'
import { parseDecimal } from './fmt'
import { t } from './i18n'
import type { Field } from './types'

const NUMBER = new Set(['int', 'real', 'money'])
const EMAIL = /^[^\s@;,]+@[^\s@;,]+\.[^\s@;,]+$/

/** What is wrong with the value, in the user's words; "" when nothing is. */
export function check(f: Field, v: unknown): string {
  if (v === null || v === undefined || v === '' || (Array.isArray(v) && !v.length))
    return f.required ? t('check.required') : ''
  return typeof v === 'string' ? checkText(f, v) : checkRange(f, v)
}

function checkRange(f: Field, v: unknown): string {
  if (f.min !== undefined && Number(v) < f.min) return t('check.least', { n: f.min })
  return NUMBER.has(f.type) && f.max && Number(v) > f.max ? t('check.most', { n: f.max }) : ''
}

function checkText(f: Field, v: string): string {
  switch (f.type) {
    case 'email': return v.split(/[;,\s]+/).filter(Boolean).every((x) => EMAIL.test(x)) ? '' : t('check.email')
    case 'int': return t('check.whole')
    case 'real': return t('check.number')
    case 'money': return parseDecimal(v) === null ? t('check.number') : checkRange(f, v)
    case 'json': return t('check.json')
    default: return f.max && [...v].length > f.max ? t('check.long', { n: f.max }) : ''
  }
}

/** Errors by field name; empty when all is well.  What stands as it was is not held against anybody: bounds may be younger. */
export function checkAll(fields: Field[], values: Record<string, unknown>, was: Record<string, unknown> = {}): Record<string, string> {
  const out: Record<string, string> = {}
  for (const f of fields) {
    if (!applies(f, values)) continue
    const v = values[f.name]
    if (v === was[f.name] && (typeof v === 'number' || (typeof v === 'string' && v))) continue
    const e = check(f, v)
    if (e) out[f.name] = e
  }
  return out
}
