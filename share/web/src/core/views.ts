// views.ts - saving, changing, sharing and pinning views.
import { api, post } from './api'
import { ask } from './asks'
import { compile } from './filter'
import { t } from './i18n'
import type { Looking } from './look'
import { fieldOf } from './meta'
import { cache } from './query'
import { me } from './session'
import { fail, toast } from './toast'
import type { Meta, Rec, View } from './types'

/** What a saved view is made of, from what is seen now. */
export function snapshot(m: Meta, at: Looking): Record<string, unknown> {
  const f = compile(at.filter, (n) => fieldOf(m, n)) ?? null
  return {
    base: at.view?.saved ? at.view.base ?? null : at.view?.name ?? null, look: at.look, columns: at.columns.join(','),
    widths: Object.keys(at.widths).length ? at.widths : null, filter: f, sort: at.sort.join(',') || null, by_field: at.by || null,
    from_field: at.look === 'calendar' ? at.from || null : null, to_field: at.look === 'calendar' ? at.to || null : null, sums: at.sums.join(',') || null,
  }
}
export const mayShare = (perms: string[] | undefined): boolean => !!me.value?.admin || !!perms?.includes('base.share_views')

const again = (m: Meta): Promise<void> => cache.invalidateQueries({ queryKey: ['meta', m.table] })

/** What is seen now as a new view; `kept` is called when it is saved. */
export async function saveAs(m: Meta, at: Looking, kept: () => void): Promise<View | undefined> {
  const made = await ask('view', { meta: m, name: '' })
  if (!made) return undefined
  const { row } = await post<Rec>('saved_view', { on_table: m.table, ...snapshot(m, at), ...made.fields })
  if (!made.pinned || made.first) await post(m.table + '/_mark', { view: String(row.id), pinned: made.pinned, default: made.first })
  kept()
  await again(m)
  toast(t('view.saved'))
  return cache.getQueriesData<Meta>({ queryKey: ['meta', m.table] }).flatMap(([, x]) => x?.views ?? []).find((v) => v.name === String(row.id))
}

export async function change(m: Meta, v: View, fields: Record<string, unknown>): Promise<boolean> {
  await api('PATCH', `saved_view/${v.saved!.id}`, { body: fields, headers: { 'If-Match': `"${v.saved!.version}"` } })
  await again(m)
  toast(t('view.saved'))
  return true
}

export async function mark(m: Meta, v: View, pinned: boolean, first: boolean): Promise<void> {
  await post(m.table + '/_mark', { view: v.name, pinned, default: first })
  await again(m)
}

export async function settings(m: Meta, v: View): Promise<void> {
  const made = await ask('view', { meta: m, name: v.label, view: v })
  if (made && (await change(m, v, made.fields))) await mark(m, v, made.pinned, made.first)
}

export async function remove(m: Meta, v: View, gone: () => void): Promise<void> {
  const at = `saved_view/${v.saved!.id}`
  await api('DELETE', at)
  gone()
  await again(m)
  toast(t('view.deleted', { name: v.label }), { undo: () => back().catch(fail) })
  async function back(): Promise<void> {
    await post(at + '/_restore')
    await again(m)
    toast(t('view.restored', { name: v.label }))
  }
}
