// flows.ts - the forms of a flow and of its steps, with choices instead of names to type; and a step in words.
import { t } from '../core/i18n'
import { formFields } from '../core/meta'
import type { Field, Meta, Option, Row } from '../core/types'
import type { Registry } from './registry'

const among = (of: Meta, fits: (f: Field) => boolean): Option[] =>
  of.fields.filter(fits).map((f) => ({ value: f.name, label: f.label }))

/** of: the table that the flow is about. */
export function flowFields(meta: Meta, reg: Registry, of: Meta | undefined, v: Record<string, unknown>, fixed: string[]): Field[] {
  const pick = (f: Field, options: Option[], more: Partial<Field> = {}): Field => ({ ...f, type: 'pick', options, ...more })
  return formFields(meta).filter((f) => !fixed.includes(f.name)).map((g): Field => {
    const watched = of?.fields.find((x) => x.name === v.field)
    if (g.name === 'on_table') return pick(g, reg.tables.filter((x) => !x.personal && x.plugin !== 'base').map((x) => ({ value: x.name, label: x.label })))
    if (g.name === 'field') return pick(g, of ? among(of, (x) => (v.who ? x.type === 'ref' && x.of === 'user' && !x.many : !x.readonly || x.name === 'owner_id')) : [])
    if (g.name === 'state_field') return pick(g, of ? among(of, (x) => ['requested', 'approved', 'rejected'].every((k) => x.options?.some((o) => o.value === k))) : [])
    if (g.name === 'value' && watched?.options) return pick(g, watched.options)
    if (g.name === 'action') return pick(g, (of?.actions ?? []).map((a) => ({ value: a.name, label: a.label })))
    if (g.name === 'perm') return pick(g, reg.perms.map((x) => ({ value: x.name, label: x.label })))
    if (g.name === 'fills') return pick(g, of ? among(of, () => true) : [], { many: true })
    return g
  })
}

export const listOf = (v: unknown): string[] => String(v ?? '').split(/[, ]+/).filter(Boolean)

/** "Superior, 2 levels up · amount over 100,000 · 24 h, then remind": a step in words. */
export function stepWords(row: Row, meta: Meta, role: (id: unknown) => string, user: (id: unknown) => string, perm: (name: unknown) => string, field: (name: unknown) => string, filter: string): string[] {
  const word = (name: string): string => meta.fields.find((f) => f.name === name)?.options?.find((o) => o.value === row[name])?.label ?? ''
  const who: Record<string, () => string> = {
    superior: () => (Number(row.level) > 1 ? t('flow.above', { who: word('who'), n: Number(row.level) }) : word('who')),
    head: () => (Number(row.level) > 1 ? t('flow.above', { who: word('who'), n: Number(row.level) }) : word('who')),
    role: () => `${word('who')}: ${role(row.role_id)}`,
    perm: () => `${word('who')}: ${perm(row.perm)}`,
    people: () => ((row.user_ids as unknown[]) ?? []).map(user).join(t('comma')),
    field: () => `${word('who')}: ${field(row.field)}`,
  }
  return [
    who[String(row.who)]?.() ?? '',
    row.mode === 'all' ? word('mode') : '',
    filter ? t('flow.only', { filter }) : '',
    Number(row.hours) > 0 ? t('flow.hours', { n: Number(row.hours), late: word('late') }) : '',
    row.fills ? t('flow.fills', { fields: listOf(row.fills).map(field).join(t('comma')) }) : '',
  ].filter(Boolean)
}
