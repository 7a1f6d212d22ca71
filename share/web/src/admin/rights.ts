// rights.ts - a role's rights as its matrix shows them, and what they mean in plain words.
import { locale, t } from '../core/i18n'
import type { Row } from '../core/types'
import type { RegTable } from './registry'

export const SCOPES = ['none', 'own', 'team', 'department', 'tree', 'all'] as const
export type Scope = (typeof SCOPES)[number]
export const DEEDS = ['read', 'update', 'delete'] as const
export const CANS = ['create', 'export', 'import'] as const

export const scopeOf = (r: Row | undefined, deed: string): Scope => (r?.[`${deed}_scope`] as Scope | undefined) ?? 'none'
export const can = (r: Row | undefined, what: string): boolean => r?.[`can_${what}`] === true
export const gives = (r: Row | undefined): boolean => DEEDS.some((d) => scopeOf(r, d) !== 'none') || CANS.some((c) => can(r, c))

/** Records that nobody owns are seen all or not at all. */
export const scopesFor = (table: RegTable, now: Scope): Scope[] => (table.owned ? [...SCOPES] : SCOPES.filter((s) => s === 'none' || s === 'all' || s === now))

const said = (r: Row): string => {
  const parts = DEEDS.map((d) => [d, scopeOf(r, d)] as const).filter(([, s]) => s !== 'none')
  const by = new Map<Scope, string[]>()
  for (const [d, s] of parts) by.set(s, [...(by.get(s) ?? []), t('admin.say.' + d)])
  const list = (l: string[]): string => new Intl.ListFormat(locale.value, { type: 'conjunction' }).format(l)
  const out = [...by].map(([s, ds]) => t('admin.say.reach', { do: list(ds), whose: t('admin.whose.' + s) }))
  const cans = CANS.filter((c) => can(r, c)).map((c) => t('admin.say.' + c))
  if (cans.length) out.push(t('admin.say.may', { do: list(cans) }))
  return out.reduce((a, b) => t('admin.say.both', { a, b }))
}

/** One line for all tables that are treated alike. */
export function inWords(tables: RegTable[], rights: (table: string) => Row | undefined): { tables: string; what: string }[] {
  const by = new Map<string, string[]>()
  for (const x of tables) {
    const r = rights(x.name)
    if (!r || !gives(r)) continue
    const what = said(r)
    by.set(what, [...(by.get(what) ?? []), x.label])
  }
  return [...by].map(([what, names]) => ({ what, tables: new Intl.ListFormat(locale.value, { type: 'conjunction' }).format(names) }))
}
