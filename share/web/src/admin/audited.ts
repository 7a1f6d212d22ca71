// audited.ts - what an entry of the audit trail says, in the reader's language.  The trail itself is kept in one wording, whoever reads it.
import { titleOf } from '../core/fmt'
import { describe, isGroup, readFilter } from '../core/filter'
import { has, t } from '../core/i18n'
import type { Field, Filter } from '../core/types'
import type { RegDict, RegField, Registry, RegTable } from './registry'

/** Names of the entries' groups, and how each is told: a table, a person, an address, what was done; else as it stands. */
type Way = 'table' | 'user' | 'users' | 'op' | 'address' | 'fields' | 'asked' | 'tables' | 'question' | 'set' | 'time' | 'shared'
const RECORD = '(?<table>\\w+) (?<id>\\d+)'
const PATTERNS: [kinds: string, pattern: RegExp, key: string][] = [
  ['session_end password invite', /^user (?<user>\d+)$/, 'user'],
  ['look_as', /^user (?<id>\d+) \((?<name>.*)\): begins$/, 'look_begins'],
  ['look_as', /^user (?<id>\d+) \((?<name>.*)\): ends$/, 'look_ends'],
  ['token', /^(?<id>\d+) made: (?<name>.*)$/, 'token_made'],
  ['token', /^(?<id>\d+) ended$/, 'token_ended'],
  ['config', /^(?<a>\d+) added, (?<b>\d+) changed, (?<c>\d+) removed$/, 'config'],
  ['export', /^backup (?<name>.+)$/, 'backup'],
  ['export', /^configuration$/, 'configuration'],
  ['export', /^configuration, from the command line$/, 'configuration_cli'],
  ['export', /^import (?<id>\d+): rejected rows as (?<kind>\w+)$/, 'rejected'],
  ['export', /^report (?<name>.+): (?<n>\d+) rows$/, 'report'],
  ['export', /^(?<table>\w+): (?<n>\d+) rows to (?<name>.*), from the command line$/, 'export_cli'],
  ['export', /^(?<table>\w+): (?<n>\d+) rows as (?<kind>\w+), (?<question>view .*)$/, 'export'],
  ['mail', new RegExp(`^${RECORD} to (?<name>.*), files: (?<n>\\d+)$`), 'mail'],
  ['message', new RegExp(`^${RECORD} by (?<kind>\\w+) to (?<name>.*)$`), 'message'],
  ['channel', /^(?<name>\w+): from a configuration$/, 'channel_config'],
  ['channel', /^(?<name>\w+): removed, a configuration does not name it$/, 'channel_removed'],
  ['channel', /^(?<name>\w+):(?<set>.*)$/, 'channel'],
  ['retention', /^recycle bin: (?<n>\d+) of (?<table>\w+)$/, 'bin'],
  ['retention', /^jobs: (?<n>\d+)$/, 'jobs'],
  ['retention', /^mails: (?<n>\d+)$/, 'mails'],
  ['retention', /^mails that came in: (?<n>\d+)$/, 'mails_in'],
  ['retention', /^sign-ins that were over: (?<n>\d+)$/, 'sign_ins'],
  ['retention', /^history and audit trail up to seal (?<a>\d+) \(history (?<b>\d+), audit (?<c>\d+)\) cut off, hash (?<hash>\w+), sealed (?<time>\d+), (?<n>\d+) entries into (?<name>.*)$/, 'cut'],
  ['retention', /^history and audit trail up to seal (?<a>\d+) \(history (?<b>\d+), audit (?<c>\d+)\) cut off, hash (?<hash>\w+)$/, 'cut_off'],
  ['handover', /^(?<id>\d+): of user (?<user>\d+) to a pool(?:: (?<tables>.*))?$/, 'handover_pool'],
  ['handover', /^(?<id>\d+): of user (?<user>\d+) to (?<users>[^:]*)(?:: (?<tables>.*))?$/, 'handover'],
  ['deputy', new RegExp(`^${RECORD} (?<op>\\w+) for user \\d+ \\((?<name>.*)\\)$`), 'deputy'],
  ['share team unshare', new RegExp(`^${RECORD}: (?<shared>.*)$`), 'shared'],
  ['rights', new RegExp(`^${RECORD} (?<op>create|update|delete):(?<fields>.*)$`, 's'), 'rights'],
  ['denied', /^(?<op>[A-Z]+) (?<address>\/.*)$/, 'denied'],
  ['taken', /^(?<table>\w+)(?<asked> .*)?$/, 'taken'],
]

const tableOf = (reg: Registry, name: string | undefined): RegTable | undefined => reg.tables.find((x) => x.name === name)
const nameOf = (reg: Registry, name: string): string => tableOf(reg, name)?.label ?? name
const dictOf = (reg: Registry, f: RegField): RegDict | undefined => reg.dicts.find((d) => d.name === f.of)
const labelOf = (table: RegTable | undefined, name: string): string => table?.fields.find((f) => f.name === name)?.label ?? name
const op = (s: string): string => (has('admin.op.' + s) ? t('admin.op.' + s) : s)

/* A value as the trail has it: JSON. */
function value(reg: Registry, f: RegField | undefined, text: string): string {
  let v: unknown
  try {
    v = JSON.parse(text)
  } catch {
    return text
  }
  const one = (x: unknown): string => {
    if (x === null || x === '') return t('empty')
    if (typeof x === 'boolean') return t(x ? 'yes' : 'no')
    if (f?.type === 'ref' && f.of === 'user') return titleOf('user', x)
    const dict = f?.type === 'pick' ? dictOf(reg, f) : undefined
    return dict?.items.find((i) => i.value === x)?.label ?? (typeof x === 'object' ? JSON.stringify(x) : String(x))
  }
  return Array.isArray(v) ? v.map(one).join(t('comma')) || t('empty') : one(v)
}

/** " name="a"->"b" active=true", which may hold anything between quotes. */
function fields(reg: Registry, table: RegTable | undefined, text: string): string {
  const json = '"(?:[^"\\\\]|\\\\.)*"|\\[(?:"(?:[^"\\\\]|\\\\.)*"|[^"\\]])*\\]|\\{(?:"(?:[^"\\\\]|\\\\.)*"|[^"])*?\\}(?=\\s\\w+=|->|$)|[^\\s"]+?(?=->|\\s|$)'
  const out: string[] = []
  for (const m of text.matchAll(new RegExp(`(\\w+)=(${json})(?:->(${json}))?`, 'gs'))) {
    const f = table?.fields.find((x) => x.name === m[1])
    out.push(`${f?.label ?? m[1]}${t('colon')}${value(reg, f, m[2]!)}${m[3] === undefined ? '' : ` → ${value(reg, f, m[3])}`}`)
  }
  return out.join(t('semicolon'))
}

const asField = (reg: Registry, f: RegField | undefined): Field | undefined => f && ({ ...f, options: f.type === 'pick' ? dictOf(reg, f)?.items : undefined } as unknown as Field)

/* "view mine, filter [...], search -, as it was at ...": what was not asked for stands there as "-". */
function question(reg: Registry, table: RegTable | undefined, text: string): string {
  const m = /^view (.*?), filter (.*), search (.*?)(?:, as it was at (.*))?$/s.exec(text)
  if (!m) return text
  const said: string[] = []
  if (m[1] !== '-') said.push(t('admin.audited.view', { name: m[1]! }))
  if (m[2] !== '-') {
    let f: Filter | undefined
    try { f = JSON.parse(m[2]!) as Filter } catch { /* cut off: the trail keeps 500 letters */ }
    const node = f && readFilter(f)
    const words = node && isGroup(node) ? describe(node, (name) => asField(reg, table?.fields.find((x) => x.name === name))) : ''
    if (words || !f || JSON.stringify(f) !== '{"and":[]}') said.push(t('admin.audited.filter', { text: words || m[2]! }))
  }
  if (m[3] !== '-') said.push(t('admin.audited.search', { text: m[3]! }))
  if (m[4]) said.push(t('admin.audited.at', { text: m[4] }))
  return said.map((s) => t('semicolon') + s).join('')
}

/* "/api/lead/7/claim" names what it is about. */
function address(reg: Registry, path: string): string {
  const m = /^\/api\/(\w+)(?:\/(\d+))?(\/.*)?$/.exec(path)
  const table = m && tableOf(reg, m[1])
  return table ? `${table.label}${m[2] ? ' #' + m[2] : ''}${m[3] ? ` (${path})` : ''}` : path
}

const set = (text: string): string => text.trim().split(/\s+/).filter(Boolean).map((w) => (w === 'on' || w === 'off' ? t('admin.audited.' + w) : w)).join(t('comma'))
/* "Li Na, read until 2026-12-01". */
const shared = (text: string): string => text.replace(/, (read|cooperate)(?: until (.*))?$/, (_, access: string, until?: string) => t('comma') + t('rights.' + access) + (until ? t('comma') + t('rights.until_at', { at: until }) : ''))

/* "|3|5|" */
const idsIn = (s: string): number[] => [...s.matchAll(/\|(\d+)(?=\|)/g)].map((m) => Number(m[1]))
/** The numbers of people that an entry names. */
export const peopleIn = (detail: unknown): number[] => [...[...String(detail ?? '').matchAll(/\buser (\d+)|\buser_id=(?:\d+->)?(\d+)/g)].map((m) => Number(m[1] ?? m[2])), ...idsIn(String(detail ?? ''))]

export function told(kind: unknown, detail: unknown, reg: Registry | undefined): string {
  const text = String(detail ?? '')
  const found = reg && PATTERNS.find(([kinds, pattern]) => kinds.split(' ').includes(String(kind)) && pattern.test(text))
  if (!found) return text
  const groups = found[1].exec(text)!.groups ?? {}
  const table = tableOf(reg, groups.table)
  const ways: Record<Way, (s: string) => string> = {
    table: (s) => nameOf(reg, s), user: (s) => titleOf('user', Number(s)), op,
    users: (s) => idsIn(s).map((id) => titleOf('user', id)).join(t('comma')), tables: (s) => s.split(', ').map((n) => nameOf(reg, n)).join(t('comma')),
    fields: (s) => fields(reg, table, s), asked: (s) => s.replace(/ (\w+)=/g, (as, n: string) => (table?.fields.some((f) => f.name === n) ? `${t('semicolon')}${labelOf(table, n)}${t('colon')}` : as)),
    question: (s) => question(reg, table, s), address: (s) => address(reg, s), set, shared, time: (s) => new Date(Number(s)).toISOString(),
  }
  const said = Object.fromEntries(Object.entries(groups).map(([name, s]) => [name, s === undefined ? '' : (ways[name as Way] ?? String)(s)]))
  if (said.tables) said.tables = t('semicolon') + said.tables
  return t('admin.audited.' + found[2], { tables: '', asked: '', question: '', ...said }).trim()
}
