// deeds.ts - what is done with one record or many: deleting, merging, actions, bulk changes, spreadsheets.
import { ApiError, api, messageOf, post, url } from './api'
import { ask } from './asks'
import { attached } from './files'
import { fmtInt } from './fmt'
import { t } from './i18n'
import { farText, jobError, pollJob } from './jobs'
import type { Question } from './look'
import { cache } from './query'
import { hide, learnTitles, loadRec, recKey, refresh, sentOff, touched, took } from './records'
import { drop, fail, toast } from './toast'
import type { Action, Job, Meta, Rec, Row } from './types'
import { missing, saveRow } from './writes'

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
  const gone = await eachNow(meta, ids, (id) => api('DELETE', `${meta.table}/${id}`))
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

/** What waits for approval instead. */
type Put = { approval?: number } | null
function sent(meta: Meta, ids: number[] | number): void {
  const n = typeof ids === 'number' ? ids : ids.length
  if (!n) return
  sentOff(n)
  if (typeof ids !== 'number') for (const id of ids) void cache.invalidateQueries({ queryKey: recKey(meta.table, id) })
}

export async function restoreRows(meta: Meta, ids: number[]): Promise<void> {
  const back = await eachNow(meta, ids, (id) => post(`${meta.table}/${id}/_restore`))
  if (back.length) toast(t('restored', { n: back.length, count: back.length }))
  touched(meta.table)
  refresh(meta.table)
}

/** Asks how, merges, and offers to split again; what stayed, or nothing when it was dismissed. */
export async function mergeRows(meta: Meta, ids: number[]): Promise<number | undefined> {
  const recs = await Promise.all(ids.map((id) => loadRec(meta.table, id)))
  const how = await ask('merge', { meta, rows: recs.map((r) => r.row) })
  if (!how) return undefined
  await post(`${meta.table}/${how.keep}/_merge`, { from: ids.filter((id) => id !== how.keep), values: how.values })
  refresh(meta.table)
  toast(t('merged', { n: ids.length, count: ids.length }), { undo: () => splitRow(meta.table, how.keep) })
  return how.keep
}

/** What was merged into a record last is there again, as are the values and all that went along. */
export async function splitRow(table: string, id: number): Promise<void> {
  try {
    await post(`${table}/${id}/_split`)
    toast(t('split'))
  } catch (e) {
    fail(e)
  }
  void cache.invalidateQueries()
}

/** One after the other; failures are told once. */
async function each(meta: Meta, ids: number[], f: (id: number) => Promise<unknown>): Promise<number[]> {
  const ok: number[] = []
  const bad: Left[] = []
  let first: unknown
  for (const id of ids) {
    try {
      await f(id)
      ok.push(id)
    } catch (e) {
      first ??= e
      bad.push({ id, why: messageOf(e) })
    }
  }
  if (bad.length > 1) leftOut(meta, bad.length, bad)
  else if (first) fail(first)
  return ok
}

/** The same; with which ones it is done now, others wait for approval. */
async function eachNow(meta: Meta, ids: number[], f: (id: number) => Promise<Put>): Promise<number[]> {
  const wait: number[] = []
  const ok = await each(meta, ids, async (id) => (await f(id))?.approval && wait.push(id))
  sent(meta, wait)
  return ok.filter((id) => !wait.includes(id))
}

/** A record that something could not be done with, and why. */
export interface Left { id: number; why: string }
/** Says how many were left out, with a way to which and why. */
function leftOut(meta: Meta, n: number, some: Left[]): void {
  toast(t('action.failed', { n: fmtInt(n), count: n, why: some[0]?.why ?? '' }), {
    bad: true,
    more: n > 1 ? { label: t('left.which'), run: async () => {
      await learnTitles(meta.table, some.map((x) => x.id))
      await ask('left', { meta, n, some })
    } } : undefined,
  })
}

export interface BulkChange { patch?: Record<string, unknown>; delete?: boolean; action?: string; form?: Record<string, unknown> }
/** A bulk change as a durable job, with its progress in a toast. */
export const bulk = (meta: Meta, to: Target, change: BulkChange): Promise<boolean> =>
  follow(meta, () => post(`${meta.table}/_bulk`, { ...asBody(to), ...change }), (j, n) => toast(t(change.delete ? 'deleted' : 'bulk.changed', { n: fmtInt(n), count: n }), undoOf(meta, j, n, change)))

/* What was changed or deleted comes back by another job, also when it was stopped halfway. */
function undoOf(meta: Meta, j: Job, n: number, change: BulkChange): { undo?: () => unknown } {
  const can = n > 0 && (change.delete ? meta.is.bin : !!change.patch && meta.is.history)
  return can ? { undo: () => follow(meta, () => post(`_job/${j.id}/undo`, {}), (_j, back) => toast(change.delete ? t('restored', { n: fmtInt(back), count: back }) : t('bulk.undone', { n: fmtInt(back), count: back }))) } : {}
}

/** A job of a script, with its progress in a toast. */
export const startJob = (meta: Meta, body: object, label: string): Promise<boolean> =>
  follow(meta, () => post('_job', body), () => toast(t('action.done', { name: label })))

async function follow(meta: Meta, begin: () => Promise<{ job: number }>, say: (j: Job, n: number) => unknown): Promise<boolean> {
  const bar = toast(t('bulk.working'), { progress: 0 })
  try {
    const { job } = await begin()
    bar.cancel = () => api('DELETE', `_job/${job}`).catch(fail)
    const end = await pollJob(job, (j) => {
      bar.progress = j.progress
      bar.far = farText(j)
    })
    const r = (end.result ?? {}) as { done?: number; waits?: number; failed?: number; errors?: { id: number; error?: { message?: string; code?: string } }[] }
    const n = r.done ?? (r.waits ? 0 : end.done)
    if (r.failed) leftOut(meta, r.failed, (r.errors ?? []).map((e) => ({ id: e.id, why: e.error?.message ?? e.error?.code ?? '' })))
    if (end.state === 'failed') fail(jobError(end))
    else if (end.state === 'cancelled') toast(t('bulk.cancelled', { n: fmtInt(n), count: n }))
    sent(meta, r.waits ?? 0)
    if (n || (end.state === 'done' && !r.failed && !r.waits)) say(end, n)
    return end.state === 'done'
  } catch (e) {
    fail(e)
    return false
  } finally {
    drop(bar.id)
    refresh(meta.table)
  }
}

/** Runs a declared action on one record or many, with its form's answers. */
export async function act(meta: Meta, action: Action, to: Target, more: { single?: boolean; row?: Row } = {}): Promise<boolean | 'gone'> {
  const asks = action.danger || action.form?.length ? { action, count: sizeOf(to), row: more.row } : undefined
  if (!('ids' in to) || to.ids.length > MANY) {
    const form = asks ? await ask('action', asks) : {}
    return form ? bulk(meta, to, { action: action.name, form }) : false
  }
  let end: boolean | 'gone' = false
  const send = async (form: Record<string, unknown>): Promise<boolean> => !!(end = await actOn(meta, action, to.ids, form, more))
  try {
    await (asks ? ask('action', { ...asks, send }) : send({}))
  } catch (e) {
    fail(e)
  }
  return end
}

async function actOn(meta: Meta, action: Action, ids: number[], form: Record<string, unknown>, more: { single?: boolean; row?: Row }): Promise<boolean | 'gone'> {
  try {
    if (more.single) {
      const rec = await actOnOne(meta, action, ids[0]!, form, more.row)
      if (rec === 'left') return false
      if (!rec?.approval) toast(t('action.done', { name: action.label }))
      /* Handed away: who gave it may no longer see it. */
      if (!rec?.row) return 'gone'
      took(meta.table, meta, rec)
    } else await actOnMany(meta, action, ids, form)
    return true
  } finally {
    refresh(meta.table)
    /* What it made may belong to the record, such as the call that was logged. */
    void cache.invalidateQueries({ predicate: ({ queryKey: k }) => k[0] === 'rows' && k[2] === 'of' })
  }
}

/** What it makes may be a duplicate, such as the customer that a lead becomes; what it lacks is asked for. */
async function actOnOne(meta: Meta, action: Action, id: number, asked: Record<string, unknown>, row?: Row): Promise<Rec | 'left'> {
  const path = `${meta.table}/${id}/${action.name}`
  const form = await attached(meta.table, id, asked)
  try {
    return await post<Rec>(path, form)
  } catch (e) {
    const lacks = row && (await missing(meta, e))
    if (lacks === null) return 'left'
    if (lacks) return (await saveRow(meta, row, lacks, { quiet: true })) ? actOnOne(meta, action, id, form, row) : 'left'
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
  if (failed.length) leftOut(meta, failed.length, failed.map((x) => ({ id: x.id, why: x.error.message ?? x.error.code })))
}

/** What a list shows as a spreadsheet: the host writes it, then the browser fetches it. */
export async function exportRows(meta: Meta, kind: 'xlsx' | 'csv', to: Target, how: { sort?: string; fields: string[] }): Promise<void> {
  const bar = toast(t('export.working'), { progress: 0 })
  try {
    const { job } = await post<{ job: number }>(`${meta.table}/_export`, { kind, ...asBody(to), at: 'question' in to ? to.question.at : undefined, sort: how.sort, fields: how.fields.join(',') })
    bar.cancel = () => api('DELETE', `_job/${job}`).catch(fail)
    const end = await pollJob(job, (j) => {
      bar.progress = j.progress
      bar.far = farText(j)
    })
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
