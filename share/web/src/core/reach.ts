// reach.ts - where a value leads: a number to call, an address to write to, a page to open.
import type { Field } from './types'

export interface Way { text: string; href: string }
const LEADS: Record<string, (s: string) => string> = {
  email: (s) => 'mailto:' + s,
  phone: (s) => 'tel:' + s.replace(/[^\d+]/g, ''),
  url: (s) => (/^https?:\/\//i.test(s) ? s : 'https://' + s.replace(/^[a-z]+:/i, '')),
}

/** None for what is masked, or is no such field. */
export function waysOf(f: Field, v: unknown): Way[] {
  const lead = LEADS[f.type]
  if (!lead || !v || v === '***') return []
  return String(v).split(f.type === 'url' ? /\s+/ : /[;,；，\n]+/).map((s) => s.trim()).filter(Boolean).map((text) => ({ text, href: lead(text) }))
}
