// imports.ts - what several screens do with an import.
import { post } from './api'
import { ask } from './asks'
import { fmtInt } from './fmt'
import { t } from './i18n'
import { pollJob } from './jobs'
import { refresh } from './records'
import { toast } from './toast'
import type { ImportResult, ImportUndo, Job } from './types'

/** The rows that went in, or would. */
export const went = (r?: ImportResult | null): number => (r?.new ?? 0) + (r?.updated ?? 0)
/** The rows that did not. */
export const leftOut = (r?: ImportResult | null): number =>
  (['duplicate', 'held', 'pool', 'elsewhere', 'conflict', 'missing', 'invalid'] as const).reduce((n, b) => n + (r?.[b] ?? 0), 0)

/** Asks, takes the import back and says what came of it; undefined: the user thought better of it. */
export async function undoImport(id: number, table: string, name: string, tell: (j: Job) => void): Promise<ImportUndo | undefined> {
  if (!(await ask('confirm', { title: t('import.undo.title', { name }), text: t('import.undo.text'), yes: t('import.undo'), danger: true }))) return undefined
  return takeBack(id, table, tell)
}
/** Takes back what is left to take back. */
export async function takeBack(id: number, table: string, tell: (j: Job) => void): Promise<ImportUndo> {
  const { job } = await post<{ job: number }>(`_import/${id}/undo`, {})
  const end = await pollJob(job, tell)
  const r = { undone: 0, restored: 0, kept: 0, ...(end.result as Partial<ImportUndo> | null) }
  const back = r.undone + r.restored
  toast(t('import.undone', { n: fmtInt(back), count: back }) + (r.kept ? ' ' + t('import.kept', { n: fmtInt(r.kept), count: r.kept }) : ''))
  refresh(table)
  return r
}
