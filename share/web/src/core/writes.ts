// writes.ts - making and changing records: shown at once, rolled back when the host says no.
import { ApiError, api, post } from './api'
import { ask } from './asks'
import { attached } from './files'
import { fmt } from './fmt'
import { t } from './i18n'
import { fieldOf } from './meta'
import { apply, loadRec, refresh, sentOff, took } from './records'
import { fail, toast } from './toast'
import type { Meta, Rec, Row } from './types'

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
  let change = await attached(table, row.id, patch)
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

/** What the host misses before it does something, such as the amount that a stage asks for: undefined when it lacks nothing of the kind,
 *  null when the person gave up. */
export async function missing(meta: Meta, e: unknown): Promise<Record<string, unknown> | null | undefined> {
  const lacks = e instanceof ApiError ? Object.entries(e.body.fields ?? {}) : []
  const form = lacks.map(([name, why]) => (/^(needed|required)$/.test(why.code) ? fieldOf(meta, name) : undefined)).filter((f) => f && !f.readonly).map((f) => ({ ...f!, required: true }))
  if (!lacks.length || form.length < lacks.length) return undefined
  return (await ask('action', { action: { name: 'missing', label: t('save.missing'), form }, count: 1 })) ?? null
}

/** A change made in place: what it lacks is asked for, a failure is told, and what a lost connection swallowed can be tried again. */
export async function keepRow(meta: Meta, row: Row, change: Record<string, unknown>): Promise<Row | undefined> {
  try {
    return await saveRow(meta, row, change)
  } catch (e) {
    const more = await missing(meta, e)
    if (more !== undefined) return more ? keepRow(meta, row, { ...more, ...change }) : undefined
    const said = Object.entries(change).flatMap(([n, v]) => { const f = fieldOf(meta, n); return f ? `${f.label}: ${fmt(f, v) || t('empty')}` : [] }).join(t('comma'))
    if (e instanceof ApiError && e.code === 'offline') fail(e, `${t('save.failed')} ${said}.`, () => keepRow(meta, row, change))
    else if (!(e instanceof ApiError && e.code === 'denied') || !(await whyNot(meta.table, row.id, Object.keys(change)[0]!))) fail(e, t('save.failed'))
    return undefined
  }
}

/* The reasons, which the refusal itself does not tell. */
const whyNot = async (table: string, id: number, field: string): Promise<boolean> => (await import('./rights')).refused(table, id, field)

const pick = (row: Row, like: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.keys(like).map((k) => [k, row[k] ?? null]))

function offerUndo(meta: Meta, now: Row, before: Record<string, unknown>): void {
  toast(t('saved'), {
    undo: () => saveRow(meta, now, before, { quiet: true }).then((r) => r && toast(t('undone')), fail),
  })
}

/** Makes a record.  `waits`: it has to be approved before it is there. */
export async function createRow(meta: Meta, values: Record<string, unknown>, waits?: () => void): Promise<Row | undefined> {
  let allow: string | undefined
  for (;;) {
    try {
      const rec = await post<Rec>(meta.table, values, { duplicates: allow })
      if (!rec.row) {
        sentOff()
        waits?.()
        return undefined
      }
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
