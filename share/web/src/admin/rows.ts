// rows.ts - small tables of the administration, read whole; edits of core/records.ts show in them at once.
import { computed, type ComputedRef } from 'vue'
import { useQuery } from '../core/query'
import { loadPage } from '../core/records'
import type { Filter, Page, Row } from '../core/types'

export interface Rows { rows: ComputedRef<Row[]>; ready: ComputedRef<boolean>; error: ComputedRef<Error | null>; retry: () => void }

/** Every row that fits (at most 20 pages of 500). */
export function useRows(table: string, filter: () => Filter | undefined, sort = 'id'): Rows {
  const q = useQuery<Page>(() => {
    const f = filter()
    return {
      queryKey: ['rows', table, 'all', f, sort],
      queryFn: async ({ signal }) => {
        const rows: Row[] = []
        let after: string | undefined
        for (let n = 0; n < 20; n++) {
          const page = await loadPage(table, { filter: f && JSON.stringify(f), sort, limit: 500, after }, signal)
          rows.push(...page.rows)
          if (!page.next) break
          after = page.next
        }
        return { rows, next: null }
      },
    }
  })
  return {
    rows: computed(() => q.value.data?.rows ?? []),
    ready: computed(() => !!q.value.data),
    error: computed(() => (q.value.data ? null : q.value.error)),
    retry: () => void q.value.refetch(),
  }
}
