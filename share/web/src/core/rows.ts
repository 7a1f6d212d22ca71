// rows.ts - the rows that a question finds: a window of pages that moves over a list of any length.
import { computed, type ComputedRef } from 'vue'
import { locale } from './i18n'
import type { Question } from './look'
import { usePages } from './query'
import { loadPage } from './records'
import type { Bundle } from './sums'
import type { Meta, Page, Row } from './types'

export const PAGE = 60
const WINDOW = 16 /* pages kept; those before are fetched again when one scrolls back */

/** One line of a list: a record, the head of a group, or the place where more is fetched. */
export interface Line {
  key: string | number
  row?: Row
  head?: Bundle
  open?: boolean
  more?: Rows
}

export interface Rows {
  rows: Row[]
  /** How many rows lie before the first that is here. */
  offset: number
  total?: number
  exact: boolean
  more: boolean
  pending: boolean
  fetching: boolean
  failed: boolean
  error: Error | null
  stuck: boolean
  loadMore: () => void
  loadBefore: () => void
  retry: () => void
}

export interface RowsOptions { meta: Meta | undefined; question: Partial<Question>; columns: string[]; count?: boolean; limit?: number; enabled?: boolean }

export function useRows(options: () => RowsOptions): ComputedRef<Rows> {
  /* Which page began where: keyset cursors lead forward only, so those seen are remembered. */
  const begun = new Map<string, string[]>()
  const key = computed(() => {
    const o = options()
    return ['rows', o.meta?.table ?? '', o.question, o.columns.join(), o.limit ?? PAGE, locale.value]
  })
  const starts = (): string[] => {
    const k = JSON.stringify(key.value)
    if (!begun.has(k)) begun.set(k, [''])
    return begun.get(k)!
  }
  const pages = usePages<Page>(() => {
    const o = options()
    const known = starts()
    return {
      queryKey: key.value,
      enabled: !!o.meta && o.enabled !== false,
      initialPageParam: '',
      maxPages: WINDOW,
      queryFn: async ({ pageParam, signal }) => {
        const page = await loadPage(o.meta!.table, {
          ...o.question,
          fields: ['id', 'version', o.meta!.title, ...o.columns].filter((n, i, a) => a.indexOf(n) === i).join(','),
          limit: o.limit ?? PAGE, after: pageParam || undefined, count: pageParam || o.count === false || o.question.at ? undefined : 1,
        }, signal)
        const i = known.indexOf(pageParam)
        if (page.next && i >= 0) known[i + 1] = page.next
        return page
      },
      getNextPageParam: (last) => last.next ?? undefined,
      getPreviousPageParam: (_first, _all, param) => {
        const i = known.indexOf(param)
        return i > 0 ? known[i - 1] : undefined
      },
      placeholderData: (old, prior) => (prior?.queryKey[1] === o.meta?.table ? old : undefined),
      refetchOnWindowFocus: (x) => (x.state.data?.pages.length ?? 0) <= 3,
      refetchOnMount: (x) => (x.state.data?.pages.length ?? 0) <= 3,
    }
  })
  return computed(() => {
    const p = pages.value
    const param = p.data?.pageParams[0] ?? ''
    const first = p.data?.pages.find((x) => x.total !== undefined)
    return {
      rows: p.data?.pages.flatMap((x) => x.rows) ?? [],
      offset: Math.max(0, starts().indexOf(param)) * (options().limit ?? PAGE),
      total: first?.total,
      exact: first?.total_exact !== false,
      more: p.hasNextPage,
      pending: p.isPending,
      fetching: p.isFetchingNextPage,
      failed: p.isError,
      error: p.error,
      stuck: p.isFetchNextPageError,
      loadMore: () => { if (p.hasNextPage && !p.isFetching && !p.isFetchNextPageError) void p.fetchNextPage() },
      loadBefore: () => { if (p.hasPreviousPage && !p.isFetching) void p.fetchPreviousPage() },
      retry: () => void (p.isFetchNextPageError ? p.fetchNextPage() : p.refetch()),
    }
  })
}
