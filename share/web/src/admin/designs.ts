// designs.ts - what the designer of flows of approval and the one of automation rules differ in: their forms, with choices
// instead of names to type, and how a rule and its steps read.
import { channelName } from '../core/channels'
import { t } from '../core/i18n'
import { formFields } from '../core/meta'
import { listOf } from '../core/naming'
import type { Field, Meta, Option, Row } from '../core/types'
import type { Registry } from './registry'

/** Words for what is kept as names and numbers; all of the table that the rule is about. */
export interface Say {
  /** A choice of the rule or step itself. */
  pick: (row: Row, field: string) => string
  field: (name: unknown) => string
  value: (field: unknown, v: unknown) => string
  action: (name: unknown) => string
  filter: (v: unknown) => string
  title: (table: string, id: unknown) => string
  perm: (name: unknown) => string
  table: (name: unknown) => string
}
export interface Design {
  place: string
  table: string
  steps: string
  of: string
  words: 'flow' | 'rule'
  /** `channels`: the ways out that are switched on. */
  fields: (meta: Meta, reg: Registry, of: Meta | undefined, values: Record<string, unknown>, channels: string[]) => Field[]
  /** What sets it off. */
  when: (row: Row, say: Say) => string
  step: (row: Row, say: Say) => { title: string; lines: string[] }
}

const among = (of: Meta | undefined, fits: (f: Field) => boolean): Option[] => (of?.fields ?? []).filter(fits).map((f) => ({ value: f.name, label: f.label }))
const tables = (reg: Registry, fits: (x: Registry['tables'][number]) => boolean): Option[] => reg.tables.filter(fits).map((x) => ({ value: x.name, label: x.label }))
const pick = (f: Field, options: Option[], more: Partial<Field> = {}): Field => ({ ...f, type: 'pick', options, ...more })
const mine = (meta: Meta): Field[] => formFields(meta).filter((f) => !['place', 'flow_id', 'automation_id'].includes(f.name))
const people = (row: Row, say: Say): string => ((row.user_ids as unknown[]) ?? []).map((id) => say.title('user', id)).join(t('comma'))

export const APPROVALS: Design = {
  place: 'approvals', table: 'approval_flow', steps: 'approval_step', of: 'flow_id', words: 'flow',
  fields: (meta, reg, of, v) => mine(meta).map((f): Field => {
    const watched = of?.fields.find((x) => x.name === v.field)
    switch (f.name) {
      case 'on_table': return pick(f, tables(reg, (x) => x.approval))
      case 'field': return pick(f, among(of, (x) => (v.who ? x.type === 'ref' && x.of === 'user' && !x.many : !x.readonly || x.name === 'owner_id')))
      case 'state_field': return pick(f, among(of, (x) => ['requested', 'approved', 'rejected'].every((k) => x.options?.some((o) => o.value === k))))
      case 'value': return watched?.options ? pick(f, watched.options) : f
      case 'action': return pick(f, (of?.actions ?? []).map((a) => ({ value: a.name, label: a.label })))
      case 'perm': return pick(f, reg.perms.map((x) => ({ value: x.name, label: x.label })))
      case 'fills': return pick(f, among(of, () => true), { many: true })
      default: return f
    }
  }),
  when: (f, say) => {
    if (f.starts === 'action') return `${say.pick(f, 'starts')}: ${say.action(f.action)}`
    if (f.starts !== 'change' || !f.field) return say.pick(f, 'starts')
    return f.value ? t('flow.becomes', { field: say.field(f.field), value: say.value(f.field, f.value) }) : t('flow.changes', { field: say.field(f.field) })
  },
  step: (s, say) => {
    const who = say.pick(s, 'who')
    const above = Number(s.level) > 1 ? t('flow.above', { who, n: Number(s.level) }) : who
    const words: Record<string, string> = { superior: above, head: above, role: `${who}: ${say.title('role', s.role_id)}`, perm: `${who}: ${say.perm(s.perm)}`, people: people(s, say), field: `${who}: ${say.field(s.field)}` }
    return { title: String(s.name), lines: [
      words[String(s.who)] ?? '',
      s.mode === 'all' ? say.pick(s, 'mode') : '',
      s.applies_to ? t('flow.only', { filter: say.filter(s.applies_to) }) : '',
      Number(s.hours) > 0 ? t('flow.hours', { n: Number(s.hours), late: say.pick(s, 'late') }) : '',
      s.fills ? t('flow.fills', { fields: listOf(s.fills).map(say.field).join(t('comma')) }) : '',
    ].filter(Boolean) }
  },
}

export const AUTOMATION: Design = {
  place: 'automation', table: 'automation', steps: 'automation_step', of: 'automation_id', words: 'rule',
  fields: (meta, reg, of, v, channels) => mine(meta).map((f): Field => {
    const watched = of?.fields.find((x) => x.name === v.field)
    const day = (x: Field): boolean => x.type === 'date' || x.type === 'time'
    switch (f.name) {
      case 'on_table': return pick(f, tables(reg, (x) => !x.personal && x.plugin !== 'base'))
      case 'field': return pick(f, among(of, (x) => (v.does ? !x.readonly && !x.many : v.event === 'near' || v.event === 'idle' ? day(x) : x.name !== 'id')), { required: f.required || v.event === 'near' || v.event === 'reached' })
      case 'value': return watched?.options ? pick(f, watched.options) : f
      case 'makes': return pick(f, tables(reg, (x) => x.plugin !== 'base' && x.fields.some((y) => y.type === 'ref' && y.of === of?.table && !y.many && !y.locked)))
      case 'channel': return pick(f, [...new Set([...channels, ...(v.channel ? [String(v.channel)] : [])])].map((c) => ({ value: c, label: channelName(c) })))
      case 'whom': return pick(f, (f.options ?? []).filter((o) => o.value !== 'record' || v.does === 'mail'))
      default: return f
    }
  }),
  when: (a, say) => {
    const n = Number(a.days)
    switch (a.event) {
      case 'changed': return a.field ? t('flow.changes', { field: say.field(a.field) }) : say.pick(a, 'event')
      case 'reached': return t('flow.becomes', { field: say.field(a.field), value: say.value(a.field, a.value) })
      case 'near': return t('rule.near', { n, field: say.field(a.field) })
      case 'idle': return t('rule.idle', { n })
      default: return say.pick(a, 'event')
    }
  },
  step: (s, say) => {
    const whom = s.whom === 'people' ? people(s, say) : say.pick(s, 'whom')
    const those = [people(s, say), s.department_id ? say.title('department', s.department_id) : '', s.role_id ? say.title('role', s.role_id) : ''].filter(Boolean).join(t('comma'))
    const lines: Record<string, string[]> = {
      set: [`${say.field(s.field)} → ${s.value ? say.value(s.field, s.value) : '–'}`],
      assign: [`${say.pick(s, 'how')}: ${those}`],
      alert: [whom, String(s.text ?? '')],
      mail: [whom, say.title('mail_template', s.template_id)],
      message: [`${channelName(String(s.channel ?? ''))}: ${String(s.address ?? '')}`, String(s.text ?? '')],
      create: [`${say.table(s.makes)}: ${String(s.text ?? '')}`, t('rule.due', { n: Number(s.days), who: whom })],
    }
    return { title: say.pick(s, 'does'), lines: (lines[String(s.does)] ?? []).filter(Boolean) }
  },
}
