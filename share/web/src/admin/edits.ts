// edits.ts - small changes that count at once and can be taken back.
import { api } from '../core/api'
import { t } from '../core/i18n'
import { loadMeta } from '../core/meta'
import { refresh, sentOff } from '../core/records'
import { createRow, saveRow } from '../core/writes'
import { fail, toast } from '../core/toast'
import type { Row } from '../core/types'

/** Runs it; what the host refuses is told. */
export async function guarded(f: () => Promise<unknown>): Promise<void> {
  try {
    await f()
  } catch (e) {
    fail(e)
  }
}

/** False: that has to be approved first. */
export async function away(table: string, row: Row): Promise<boolean> {
  const put = await api<{ approval?: number } | null>('DELETE', `${table}/${row.id}`)
  if (put?.approval) sentOff()
  refresh(table)
  return !put?.approval
}

/** Edits of rows that all hang on one record: what names it goes into every new one. */
export function edits(owner: Record<string, unknown>): {
  put: (table: string, row: Row | undefined, keys: Record<string, unknown>, patch: Record<string, unknown>) => Promise<void>
  drop: (table: string, row: Row, back: Record<string, unknown>) => Promise<void>
} {
  return {
    put: (table, row, keys, patch) => guarded(async () => {
      const meta = await loadMeta(table)
      if (row) return void (await saveRow(meta, row, patch))
      const made = await createRow(meta, { ...owner, ...keys, ...patch })
      if (made) toast(t('saved'), { undo: () => guarded(() => away(table, made)) })
    }),
    drop: (table, row, back) => guarded(async () => {
      if (await away(table, row)) toast(t('saved'), { undo: () => guarded(async () => createRow(await loadMeta(table), { ...owner, ...back })) })
    }),
  }
}
