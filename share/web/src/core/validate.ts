// validate.ts - the host's own rules, told early; the host checks again and decides.
import { applies } from './conditions'
import { parseDecimal } from './fmt'
import { t } from './i18n'
import type { Field } from './types'

const EMAIL = /^[^\s@;,]+@[^\s@;,]+\.[^\s@;,]+$/

/** What is wrong with the value, in the user's words; "" when nothing is. */
export function check(f: Field, v: unknown): string {
  if (v === null || v === undefined || v === '' || (Array.isArray(v) && !v.length))
    return f.required ? t('check.required') : ''
  if (typeof v === 'string') return checkText(f, v)
  if (f.type === 'int' && typeof v === 'number' && f.max && v > f.max) return t('check.most', { n: f.max })
  return ''
}

function checkText(f: Field, v: string): string {
  switch (f.type) {
    case 'email': return v.split(/[;,\s]+/).filter(Boolean).every((x) => EMAIL.test(x)) ? '' : t('check.email')
    case 'int': return t('check.whole')
    case 'real': return t('check.number')
    case 'money': return parseDecimal(v) === null ? t('check.number') : ''
    case 'json': return t('check.json')
    default: return f.max && [...v].length > f.max ? t('check.long', { n: f.max }) : ''
  }
}

/** Errors by field name; empty when all is well. */
export function checkAll(fields: Field[], values: Record<string, unknown>): Record<string, string> {
  const out: Record<string, string> = {}
  for (const f of fields) {
    if (!applies(f, values)) continue
    const e = check(f, values[f.name])
    if (e) out[f.name] = e
  }
  return out
}
