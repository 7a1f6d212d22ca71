// records.ts - reading records, and what is on the screen of them.
import { ApiError, get } from './api'
import { isKnown, learn, learnOne, markRow, nameOfRow, rolesCalled, titleOf } from './fmt'
import { t } from './i18n'
import { loadMeta } from './meta'
import { cache, type Pages } from './query'
import { start } from './session'
import { toast } from './toast'
import type { Filter, Meta, Option, Page, Rec, Row, RowCan } from './types'

export const recKey = (table: string, id: number): unknown[] => ['rec', table, id]

/** The record; as it was at the moment `at`, when there is one. */
export async function loadRec(table: string, id: number, signal?: AbortSignal, at?: string): Promise<Rec> {
  let rec: Rec
  try {
    rec = await get<Rec>(`${table}/${id}`, at ? { at } : {}, signal)
  } catch (e) {
    if (!(e instanceof ApiError) || e.code !== 'merged' || !e.body.into) throw e
    location.replace(`/t/${table}/${e.body.into}`) /* an old link: where the record went */
    throw e
  }
  learn(rec.refs)
  return rec
}

export async function loadPage(
  table: string, query: Record<string, string | number | undefined>, signal?: AbortSignal,
): Promise<Page> {
  const page = await get<Page>(table, query.q && !query.at && !query.bin ? { ...query, marks: 1 } : query, signal)
  learn(page.refs)
  for (const r of page.rows) {
    markRow(r, page.marks?.[r.id as number])
    if (page.can?.[r.id]) r['@can'] = page.can[r.id]
  }
  return page
}
/** Of a row of a list that was asked for with `can`; copies of the row keep it. */
export const canOf = (r: Row): RowCan => (r['@can'] ?? {}) as RowCan
/** Whether it cannot be changed now, though others of its table can. */
export const fixed = (r: Row): boolean => canOf(r).update === false || !!canOf(r).locked

/* Lists are kept as pages, a calendar's days as one. */
type Kept = Pages<Page> | Page
function onRows(table: string, f: (rows: Row[]) => Row[], n = 0): void {
  const less = (p: Page): Page => {
    const rows = f(p.rows)
    const total = n && p.total !== undefined && p.total_exact !== false ? p.total - n : p.total
    return rows === p.rows && total === p.total ? p : { ...p, rows, total }
  }
  cache.setQueriesData<Kept>({ queryKey: ['rows', table] }, (d) => d && ('pages' in d ? { ...d, pages: d.pages.map(less) } : less(d)))
}

/** Every copy of the row that is on the screen. */
export function apply(table: string, id: number, change: Record<string, unknown>): void {
  onRows(table, (rows) => (rows.some((r) => r.id === id) ? rows.map((r) => (r.id === id ? { ...r, ...change } : r)) : rows))
  cache.setQueriesData<Rec>({ queryKey: recKey(table, id) }, (d) => d && { ...d, row: { ...d.row, ...change } })
}

export const hide = (table: string, ids: Set<number>): void => onRows(table, (rows) => rows.filter((r) => !ids.has(r.id)), ids.size)

export function refresh(table: string, id?: number): void {
  void cache.invalidateQueries({ queryKey: ['rows', table] })
  void cache.invalidateQueries({ queryKey: ['sums', table] })
  if (id === undefined) void cache.invalidateQueries({ queryKey: ['rec', table] })
  else void cache.invalidateQueries({ queryKey: recKey(table, id) })
  void cache.invalidateQueries({ queryKey: ['timeline', table] })
}

/* What an administrator sets up shows in other tables' metadata: added fields, dictionaries, rights. */
export function touched(table: string): void {
  if (start.value?.nav.some((n) => n.table === table && n.group !== 'admin')) return
  void cache.invalidateQueries({ queryKey: ['meta'] })
}

export function took(table: string, meta: Meta, rec: Rec): Row {
  touched(table)
  learn(rec.refs)
  const title = rec.row[meta.title]
  if (typeof title === 'string') learnOne(table, rec.row.id, title)
  apply(table, rec.row.id, rec.row)
  void cache.invalidateQueries({ queryKey: ['sums', table] })
  void cache.invalidateQueries({ queryKey: ['history', table, rec.row.id] })
  if (rec.approval) sentOff()
  return rec.row
}
/** Something waits until it is approved. */
export function sentOff(n = 1): void {
  toast((n > 1 ? `${n} · ` : '') + t('approval.sent'))
  void cache.invalidateQueries({ queryKey: ['approvals'] })
}

/** The fields that name a record. */
export const titled = (m: Meta): string => (m.said ? `${m.title},${m.said}` : m.title)
/** What those records are called, for ids that came without their titles, such as in an address. */
export async function learnTitles(table: string, ids: unknown[]): Promise<void> {
  await readTitles(table, ids.filter((id) => !isKnown(table, id)))
}
/** The same of those that are known: perhaps in another language. */
export async function readTitles(table: string, ids: unknown[]): Promise<void> {
  const some = ids.filter((id) => Number(id) > 0)
  if (!some.length) return
  try {
    const m = await loadMeta(table)
    const page = await loadPage(table, { fields: titled(m), filter: JSON.stringify(['id', 'in', some]), limit: 200 })
    for (const r of page.rows) learnOne(table, r.id, nameOfRow(m, r))
  } catch {
    /* then their numbers have to do */
  }
}

/* Titles of referred tables' records: the field that names them comes from their metadata. */
export async function searchRefs(table: string, q: string, signal: AbortSignal, where?: Filter): Promise<Option[]> {
  const m = await loadMeta(table)
  const { title, is, views } = m
  const sort = !q && is.public ? views[0]?.sort?.join(',') || title : undefined /* the staff list, not what came last */
  const roles = table === 'role' && q ? rolesCalled(q) : undefined
  const filter = where && roles ? { and: [where, roles] } : where ?? roles
  const p = await loadPage(table, { q: roles ? undefined : q || undefined, sort, limit: 20, filter: filter && JSON.stringify(filter) }, signal)
  return p.rows.map((r) => {
    const label = String((m.said && r[m.said]) || (r[title] ?? `#${r.id}`))
    learnOne(table, r.id, label)
    return { value: r.id, label: titleOf(table, r.id), sub: typeof r.login === 'string' ? r.login : undefined }
  })
}
