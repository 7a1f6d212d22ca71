// around.ts - which records stand before and after one in the list it was opened from.
import type { Question } from './look'
import { cache, type Pages } from './query'
import { loadPage } from './records'
import type { Page, Row } from './types'

export interface Around { previous?: number; next?: number }

/** Of the lists that were read last, the one that holds the record; its next page is read when the record ends it. */
export async function around(table: string, id: number): Promise<Around> {
  const lists = cache.getQueryCache().findAll({ queryKey: ['rows', table] })
    .filter((q) => Array.isArray((q.state.data as Pages<Page> | undefined)?.pages))
    .sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt)
  for (const q of lists) {
    const data = q.state.data as Pages<Page>
    const rows = data.pages.flatMap((p) => p.rows)
    const at = rows.findIndex((r) => r.id === id)
    if (at < 0) continue
    let next: Row | undefined = rows[at + 1]
    const after = data.pages.at(-1)?.next
    if (!next && after) {
      const [, , question, , limit] = q.queryKey as [string, string, Partial<Question>, string, number]
      const fields = Object.keys(rows[0]!).filter((n) => n !== '@can').join(',')
      try {
        const more = await loadPage(table, { ...question, fields, limit, after, can: question.at || question.bin ? undefined : 1 })
        next = more.rows[0]
        cache.setQueryData<Pages<Page>>(q.queryKey, (old) => old && { pages: [...old.pages, more], pageParams: [...old.pageParams, after] })
      } catch {
        /* then there is no next one */
      }
    }
    return { previous: rows[at - 1]?.id, next: next?.id }
  }
  return {}
}
