// records.ts - reading and changing records: shown at once, rolled back when the host says no.
import { ApiError, api, get, post, url } from './api'
import { ask } from './asks'
import { upload } from './files'
import { fmt, fmtInt, learn, learnOne, markRow } from './fmt'
import { t } from './i18n'
import { jobError, pollJob } from './jobs'
import type { Question } from './look'
import { fieldOf } from './meta'
import { cache, type Pages } from './query'
import { start } from './session'
import { drop, fail, toast } from './toast'
import type { Action, Attachment, Filter, Job, Meta, Option, Page, Rec, Row } from './types'

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
  const page = await get<Page>(table, query.q ? { ...query, marks: 1 } : query, signal)
  learn(page.refs)
  for (const r of page.rows) markRow(r, page.marks?.[r.id as number])
  return page
}

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
function apply(table: string, id: number, change: Record<string, unknown>): void {
  onRows(table, (rows) => (rows.some((r) => r.id === id) ? rows.map((r) => (r.id === id ? { ...r, ...change } : r)) : rows))
  cache.setQueriesData<Rec>({ queryKey: recKey(table, id) }, (d) => d && { ...d, row: { ...d.row, ...change } })
}

const hide = (table: string, ids: Set<number>): void => onRows(table, (rows) => rows.filter((r) => !ids.has(r.id)), ids.size)

export function refresh(table: string, id?: number): void {
  void cache.invalidateQueries({ queryKey: ['rows', table] })
  void cache.invalidateQueries({ queryKey: ['sums', table] })
  if (id === undefined) void cache.invalidateQueries({ queryKey: ['rec', table] })
  else void cache.invalidateQueries({ queryKey: recKey(table, id) })
  void cache.invalidateQueries({ queryKey: ['timeline', table] })
}

/* What an administrator sets up shows in other tables' metadata: added fields, dictionaries, rights. */
function touched(table: string): void {
  if (start.value?.nav.some((n) => n.table === table && n.group !== 'admin')) return
  void cache.invalidateQueries({ queryKey: ['meta'] })
}

function took(table: string, meta: Meta, rec: Rec): Row {
  touched(table)
  learn(rec.refs)
  const title = rec.row[meta.title]
  if (typeof title === 'string') learnOne(table, rec.row.id, title)
  apply(table, rec.row.id, rec.row)
  void cache.invalidateQueries({ queryKey: ['sums', table] })
  void cache.invalidateQueries({ queryKey: ['history', table, rec.row.id] })
  if (rec.approval) {
    toast(t('approval.sent'))
    void cache.invalidateQueries({ queryKey: ['approvals'] })
  }
  return rec.row
}

interface SaveOptions { quiet?: boolean }

/* Writes of one record go one after the other, and what we ourselves made of a version is no surprise:
 * whoever changes two fields quickly has not met somebody else. */
const writing = new Map<string, Promise<unknown>>()
const ours = new Map<string, number>()
const KEPT = 1000
function made(key: string, of: number | undefined, now: number | undefined): void {
  if (of === undefined || now === undefined || of === now) return
  if (ours.size > KEPT) ours.clear()
  ours.set(`${key}@${of}`, now)
}
function latest(key: string, version: number | undefined): number | undefined {
  const next = ours.get(`${key}@${version}`)
  return next === undefined ? version : latest(key, next)
}

/** Changes a record.  Asks when someone else changed it meanwhile, or when it looks like another
 *  one.  Undefined when the person gave up; throws what the host refuses. */
export function saveRow(meta: Meta, row: Row, patch: Record<string, unknown>, o: SaveOptions = {}): Promise<Row | undefined> {
  const key = `${meta.table}/${row.id}`
  const mine = (writing.get(key) ?? Promise.resolve()).catch(() => {}).then(() => write(meta, row, patch, o))
  apply(meta.table, row.id, patch)
  writing.set(key, mine)
  const over = (): void => { if (writing.get(key) === mine) writing.delete(key) }
  mine.then(over, over)
  return mine
}

async function write(meta: Meta, row: Row, patch: Record<string, unknown>, o: SaveOptions): Promise<Row | undefined> {
  const table = meta.table
  const key = `${table}/${row.id}`
  let version = latest(key, row.version) ?? (await loadRec(table, row.id)).row.version
  let change = patch
  let before = pick(row, change)
  let allow: string | undefined
  for (;;) {
    apply(table, row.id, change)
    try {
      const rec = await api<Rec>('PATCH', `${table}/${row.id}`, {
        body: change, headers: { 'If-Match': `"${version}"` }, query: { duplicates: allow },
      })
      made(key, version, rec.row.version)
      const now = took(table, meta, rec)
      if (!o.quiet && !rec.approval) offerUndo(meta, now, before)
      return now
    } catch (e) {
      apply(table, row.id, before)
      if (!(e instanceof ApiError)) throw e
      if (e.code === 'stale' && e.body.current) {
        const current = e.body.current
        apply(table, row.id, current)
        const mine = await ask('stale', { meta, current, mine: change, base: row })
        if (!mine) return undefined
        change = mine
        version = current.version
        before = pick(current, change)
        if (!Object.keys(change).length) return current
      } else if (e.code === 'duplicate' && !allow) {
        if (!(await ask('duplicate', { matches: e.body.matches ?? [], label: meta.one, blocked: e.body.blocked }))) return undefined
        allow = 'allow'
      } else throw e
    }
  }
}

/** A change made in place: a failure is told, and what a lost connection swallowed can be tried again. */
export async function keepRow(meta: Meta, row: Row, change: Record<string, unknown>): Promise<Row | undefined> {
  try {
    return await saveRow(meta, row, change)
  } catch (e) {
    const said = Object.entries(change).flatMap(([n, v]) => { const f = fieldOf(meta, n); return f ? `${f.label}: ${fmt(f, v) || t('empty')}` : [] }).join(t('comma'))
    if (e instanceof ApiError && e.code === 'offline') fail(e, `${t('save.failed')} ${said}.`, () => keepRow(meta, row, change))
    else fail(e, t('save.failed'))
    return undefined
  }
}

const pick = (row: Row, like: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.keys(like).map((k) => [k, row[k] ?? null]))

function offerUndo(meta: Meta, now: Row, before: Record<string, unknown>): void {
  toast(t('saved'), {
    undo: () => saveRow(meta, now, before, { quiet: true }).then((r) => r && toast(t('undone')), fail),
  })
}

export async function createRow(meta: Meta, values: Record<string, unknown>): Promise<Row | undefined> {
  let allow: string | undefined
  for (;;) {
    try {
      const rec = await post<Rec>(meta.table, values, { duplicates: allow })
      const row = took(meta.table, meta, rec)
      refresh(meta.table, row.id)
      return row
    } catch (e) {
      if (!(e instanceof ApiError) || e.code !== 'duplicate' || allow) throw e
      if (!(await ask('duplicate', { matches: e.body.matches ?? [], label: meta.one, blocked: e.body.blocked }))) return undefined
      allow = 'allow'
    }
  }
}

const FEW = 20

/** Which records a command is for: some, or all that a question finds. */
export type Target = { ids: number[] } | { question: Partial<Question>; count: number; exact: boolean }
const few = (to: Target): number[] | undefined => ('ids' in to && to.ids.length <= FEW ? to.ids : undefined)
export const sizeOf = (to: Target): number => ('ids' in to ? to.ids.length : to.count)
export const sizeText = (to: Target): string => fmtInt(sizeOf(to)) + ('ids' in to || to.exact ? '' : '+')
/** As the host's jobs take it. */
export function asBody(to: Target): Record<string, unknown> {
  if ('ids' in to) return { ids: to.ids }
  const { view, q, filter } = to.question
  return { view: view ?? undefined, q, filter: filter ? (JSON.parse(filter) as unknown) : view || q ? undefined : { and: [] } }
}

/** Deletes at once with a way back where there is a recycle bin; asks first otherwise. */
export async function removeRows(meta: Meta, to: Target): Promise<boolean> {
  const ids = few(to)
  if (!meta.is.bin || !ids) {
    const yes = await ask('confirm', {
      title: t('delete.title', { n: sizeText(to), count: sizeOf(to) }),
      text: meta.is.bin ? t('delete.bin') : t('delete.final'),
      yes: t('delete'), danger: true,
    })
    if (!yes) return false
  }
  if (!ids) return bulk(meta, to, { delete: true })
  hide(meta.table, new Set(ids))
  const gone = await each(ids, (id) => api('DELETE', `${meta.table}/${id}`))
  void cache.invalidateQueries({ queryKey: ['sums', meta.table] })
  if (gone.length) touched(meta.table)
  for (const id of gone) cache.removeQueries({ queryKey: recKey(meta.table, id) })
  if (gone.length < ids.length) refresh(meta.table)
  if (gone.length)
    toast(t('deleted', { n: gone.length, count: gone.length }), {
      undo: meta.is.bin ? () => restoreRows(meta, gone) : undefined,
    })
  return gone.length > 0
}

export async function restoreRows(meta: Meta, ids: number[]): Promise<void> {
  const back = await each(ids, (id) => post(`${meta.table}/${id}/_restore`))
  if (back.length) toast(t('restored', { n: back.length, count: back.length }))
  refresh(meta.table)
}

/** Asks how, merges, and offers to split again; what stayed, or nothing when it was dismissed. */
export async function mergeRows(meta: Meta, ids: number[]): Promise<number | undefined> {
  const recs = await Promise.all(ids.map((id) => loadRec(meta.table, id)))
  const how = await ask('merge', { meta, rows: recs.map((r) => r.row) })
  if (!how) return undefined
  await post(`${meta.table}/${how.keep}/_merge`, { from: ids.filter((id) => id !== how.keep), values: how.values })
  refresh(meta.table)
  toast(t('merged', { n: ids.length, count: ids.length }), { undo: () => splitRow(meta, how.keep) })
  return how.keep
}

async function splitRow(meta: Meta, id: number): Promise<void> {
  try {
    await post(`${meta.table}/${id}/_split`)
    toast(t('split'))
  } catch (e) {
    fail(e)
  }
  refresh(meta.table)
}

/** One after the other; failures are told once. */
async function each(ids: number[], f: (id: number) => Promise<unknown>): Promise<number[]> {
  const ok: number[] = []
  let bad: unknown
  for (const id of ids) {
    try {
      await f(id)
      ok.push(id)
    } catch (e) {
      bad = e
    }
  }
  if (bad) fail(bad)
  return ok
}

export interface BulkChange { patch?: Record<string, unknown>; delete?: boolean; action?: string; form?: Record<string, unknown> }
/** A bulk change as a durable job, with its progress in a toast. */
export async function bulk(meta: Meta, to: Target, change: BulkChange): Promise<boolean> {
  const bar = toast(t('bulk.working'), { progress: 0 })
  try {
    const { job } = await post<{ job: number }>(`${meta.table}/_bulk`, { ...asBody(to), ...change })
    bar.cancel = () => api('DELETE', `_job/${job}`).catch(fail)
    const end = await pollJob(job, (j) => (bar.progress = j.progress))
    tell(end, !!change.delete)
    return end.state === 'done'
  } catch (e) {
    fail(e)
    return false
  } finally {
    drop(bar.id)
    refresh(meta.table)
  }
}

function tell(j: Job, deleted: boolean): void {
  const r = (j.result ?? {}) as { done?: number; failed?: number; errors?: { error?: { message?: string }; message?: string }[] }
  const n = r.done ?? j.done
  const why = r.errors?.[0]?.error?.message ?? r.errors?.[0]?.message
  if (r.failed) toast(t('action.failed', { n: r.failed, count: r.failed, why: why ?? '' }), { bad: true })
  if (j.state === 'failed') fail(jobError(j))
  else if (j.state === 'cancelled') toast(t('bulk.cancelled', { n, count: n }))
  else toast(t(deleted ? 'deleted' : 'bulk.changed', { n, count: n }))
}

/** Runs a declared action on one record or many, with its form's answers. */
export async function act(meta: Meta, action: Action, to: Target, more: { single?: boolean; row?: Row } = {}): Promise<boolean | 'gone'> {
  let form: Record<string, unknown> | undefined = {}
  if (action.danger || action.form?.length) {
    form = await ask('action', { action, count: sizeOf(to), row: more.row })
    if (!form) return false
  }
  if (!('ids' in to) || to.ids.length > MANY) return bulk(meta, to, { action: action.name, form })
  try {
    if (more.single) {
      const rec = await actOnOne(meta, action, to.ids[0]!, form)
      if (rec === 'left') return false
      if (!rec?.approval) toast(t('action.done', { name: action.label }))
      /* Handed away: who gave it may no longer see it. */
      if (!rec?.row) return 'gone'
      took(meta.table, meta, rec)
    } else await actOnMany(meta, action, to.ids, form)
    return true
  } catch (e) {
    fail(e)
    return false
  } finally {
    refresh(meta.table)
  }
}

/** Files of the form are attached to the record first; the action gets their numbers. */
async function attached(meta: Meta, id: number, form: Record<string, unknown>): Promise<Record<string, unknown>> {
  const out = { ...form }
  for (const [name, v] of Object.entries(form))
    if (v instanceof File) out[name] = (await upload<{ file: Attachment }>(`${meta.table}/${id}/_files`, v, { name: v.name }, () => {})).file.id
  return out
}

/** What it makes may be a duplicate, such as the customer that a lead becomes. */
async function actOnOne(meta: Meta, action: Action, id: number, asked: Record<string, unknown>): Promise<Rec | 'left'> {
  const path = `${meta.table}/${id}/${action.name}`
  const form = await attached(meta, id, asked)
  try {
    return await post<Rec>(path, form)
  } catch (e) {
    if (!(e instanceof ApiError) || e.code !== 'duplicate') throw e
    if (!(await ask('duplicate', { matches: e.body.matches ?? [], label: meta.one, blocked: e.body.blocked }))) return 'left'
    return post<Rec>(path, form, { duplicates: 'allow' })
  }
}

const MANY = 200 /* at once; above, as a job */
type Outcome = { done: number; failed: { id: number; error: { message?: string; code: string } }[] }
async function actOnMany(meta: Meta, action: Action, ids: number[], form: object): Promise<void> {
  const { done, failed } = await post<Outcome>(`${meta.table}/${action.name}`, { ids, form })
  if (done) toast(t('action.many', { name: action.label, n: done, count: done }))
  if (failed.length)
    toast(t('action.failed', { n: failed.length, count: failed.length, why: failed[0]!.error.message ?? failed[0]!.error.code }), { bad: true })
}

/** What a list shows as a spreadsheet: the host writes it, then the browser fetches it. */
export async function exportRows(meta: Meta, kind: 'xlsx' | 'csv', to: Target, how: { sort?: string; fields: string[] }): Promise<void> {
  const bar = toast(t('export.working'), { progress: 0 })
  try {
    const { job } = await post<{ job: number }>(`${meta.table}/_export`, { kind, ...asBody(to), sort: how.sort, fields: how.fields.join(',') })
    bar.cancel = () => api('DELETE', `_job/${job}`).catch(fail)
    const end = await pollJob(job, (j) => (bar.progress = j.progress))
    if (end.state === 'done') {
      const n = (end.result as { rows?: number } | null)?.rows ?? 0
      save(url(`_job/${job}/file`))
      toast(t('export.done', { n: fmtInt(n), count: n }))
    } else if (end.state === 'cancelled') toast(t('export.cancelled'))
    else fail(jobError(end))
  } catch (e) {
    fail(e)
  } finally {
    drop(bar.id)
  }
}
function save(href: string): void {
  const a = document.createElement('a')
  a.href = href
  a.download = ''
  document.body.append(a)
  a.click()
  a.remove()
}

/* Titles of referred tables' records: the field that names them comes from their metadata. */
export async function searchRefs(table: string, title: string, q: string, signal: AbortSignal, where?: Filter): Promise<Option[]> {
  const p = await loadPage(table, { q: q || undefined, limit: 20, filter: where && JSON.stringify(where) }, signal)
  return p.rows.map((r) => {
    const label = String(r[title] ?? `#${r.id}`)
    learnOne(table, r.id, label)
    return { value: r.id, label, sub: typeof r.login === 'string' ? r.login : undefined }
  })
}
