// meta.ts - what a table is: fetched once for each language, completed with the system's fields.
import type { QueryObserverOptions } from '@tanstack/query-core'
import { computed, type ComputedRef } from 'vue'
import { get } from './api'
import { has, locale, t, worded } from './i18n'
import { cache, useQuery } from './query'
import { start } from './session'
import type { Field, Meta, View } from './types'

const SYSTEM: Pick<Field, 'name' | 'type' | 'of'>[] = [
  { name: 'id', type: 'int' },
  { name: 'created_at', type: 'time' },
  { name: 'created_by', type: 'ref', of: 'user' },
  { name: 'updated_at', type: 'time' },
  { name: 'updated_by', type: 'ref', of: 'user' },
]
export const isSystem = (name: string): boolean => name === 'version' || SYSTEM.some((f) => f.name === name)

/* What the host adds to owned and pooled tables; their own fields come first. */
const ADDED = ['owner_id', 'pool_id', 'pooled_at', 'claimed_at', 'touched_at', 'prev_owner_id', 'pool_reason', 'is_locked', 'due_at', 'due_pool_id', 'due_why', 'remind_at']
const last = (names: string[]): string[] => [...names.filter((n) => !ADDED.includes(n)), ...names.filter((n) => ADDED.includes(n))]

/* Tables whose titles have their words in the UI's catalog. */
const SAID: Record<string, string> = { role: 'role.', audit: 'admin.did.' }

/** Every record has the system's fields, so every list can show them. */
export function complete(m: Meta): Meta {
  const missing = SYSTEM.filter((s) => !m.fields.some((f) => f.name === s.name)).map(
    (s): Field => ({ ...s, label: t('field.' + s.name), readonly: true, sort: s.type !== 'ref', list: false }),
  )
  return {
    ...m,
    groups: m.groups ?? [],
    views: (m.views?.length ? m.views : [allView(m)]).map((v) => (v.columns[0] !== 'owner_id' ? v : { ...v, columns: last(v.columns) })),
    actions: m.actions ?? [],
    details: m.details ?? [],
    fields: [...last(m.fields.map((f) => f.name)).map((n) => m.fields.find((f) => f.name === n)!).map((f) => (f.label === f.name && has('field.' + f.name) ? { ...f, label: t('field.' + f.name) } : f)).map((f) => (f.name === m.title && SAID[m.table] ? { ...f, of: '@say ' + SAID[m.table] } : f)), ...missing],
  }
}

const allView = (m: Meta): View => ({
  name: 'all', label: t('all'), look: 'list', sort: ['-id'],
  columns: m.fields.filter((f) => f.list || f.name === m.title).map((f) => f.name),
})

const query = (table: string): QueryObserverOptions<Meta, Error> => ({
  queryKey: ['meta', table, locale.value],
  queryFn: async ({ signal }) => {
    const m = await get<Meta>('_meta/' + table, {}, signal)
    if (m.table === 'audit') await worded(async () => {})()
    return complete(m)
  },
  staleTime: 300_000,
  placeholderData: (old: Meta | undefined) => (old?.table === table ? old : undefined),
})

export const loadMeta = (table: string): Promise<Meta> => cache.fetchQuery(query(table) as never)

export function useMeta(table: () => string): {
  meta: ComputedRef<Meta | undefined>
  error: ComputedRef<Error | null>
  retry: () => void
} {
  const q = useQuery<Meta>(() => query(table()))
  return {
    meta: computed(() => q.value.data),
    error: computed(() => (q.value.data ? null : q.value.error)),
    retry: () => void q.value.refetch(),
  }
}

export const fieldOf = (m: Meta, name: string): Field | undefined => m.fields.find((f) => f.name === name)

/** Whether the user has the table at all; a reference to another one is plain text. */
export const canOpen = (table: string | null | undefined): boolean =>
  !!table && !!start.value?.nav.some((n) => n.table === table)

/** The fields a person fills in. */
export const formFields = (m: Meta): Field[] =>
  m.fields.filter((f) => !f.readonly && !f.hidden && !isSystem(f.name) && f.type !== 'file')

export interface Section { name: string; label: string; fields: Field[]; columns?: number }
/** Fields in the declared groups; what belongs to none comes last. */
export function sections(m: Meta, fields: Field[]): Section[] {
  const named = m.groups.map((g) => ({ ...g, fields: fields.filter((f) => f.group === g.name) }))
  const rest = fields.filter((f) => !m.groups.some((g) => g.name === f.group))
  if (rest.length) named.push({ name: '', label: named.length ? t('group.other') : '', fields: rest })
  return named.filter((s) => s.fields.length)
}
