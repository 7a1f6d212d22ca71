// rows.ts - the rows that a question finds: a window of pages that moves over a list of any length.
import { hashKey } from '@tanstack/query-core'
import { computed, type ComputedRef } from 'vue'
import { locale } from './i18n'
import type { Question } from './look'
import { cache, usePages } from './query'
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
  /** The place of a record that is fetched again when one scrolls back to it. */
  before?: Rows
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
  /** The ids from one place to another, both counted from the first row: also of those that are not here any more. */
  ids: (from: number, to: number) => Promise<number[]>
  loadMore: () => void
  loadBefore: () => void
  retry: () => void
}

export interface RowsOptions { meta: Meta | undefined; question: Partial<Question>; columns: string[]; count?: boolean; limit?: number; enabled?: boolean }

/* Which page began where (keyset cursors lead forward only) and what the first one said of the whole: remembered as long as the pages themselves. */
const begun = new Map<string, Begun>()
interface Begun { starts: string[]; total?: number; exact?: boolean }
cache.getQueryCache().subscribe((e) => { if (e.type === 'removed') begun.delete(e.query.queryHash) })

const MOST = 500 /* rows of one answer */

export function useRows(options: () => RowsOptions): ComputedRef<Rows> {
  const size = (): number => options().limit ?? PAGE
  const key = computed(() => {
    const o = options()
    return ['rows', o.meta?.table ?? '', o.question, o.columns.join(), size(), locale.value]
  })
  const seen = (): Begun => {
    const k = hashKey(key.value)
    if (!begun.has(k)) begun.set(k, { starts: [''] })
    return begun.get(k)!
  }
  const pages = usePages<Page>(() => {
    const o = options()
    const known = seen().starts
    return {
      queryKey: key.value,
      enabled: !!o.meta && o.enabled !== false,
      initialPageParam: '',
      maxPages: WINDOW,
      queryFn: async ({ pageParam, signal }) => {
        const page = await loadPage(o.meta!.table, {
          ...o.question,
          fields: ['id', 'version', o.meta!.title, ...o.columns].filter((n, i, a) => a.indexOf(n) === i).join(','),
          limit: size(), after: pageParam || undefined, can: o.question.at || o.question.bin ? undefined : 1, count: pageParam || o.count === false || o.question.at || o.question.bin ? undefined : 1,
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
  async function ids(from: number, to: number, here: Row[], offset: number): Promise<number[]> {
    const o = options()
    const known = seen().starts
    const out: number[] = []
    for (let i = from; i <= to;) {
      if (i >= offset && i < offset + here.length) {
        out.push(here[i++ - offset]!.id)
        continue
      }
      const first = Math.floor(i / size())
      const until = i < offset ? Math.min(to, offset - 1) : to
      if (known[first] === undefined) break
      const page = await loadPage(o.meta!.table, { ...o.question, fields: 'id', limit: Math.min(MOST, until - first * size() + 1), after: known[first] || undefined })
      const some = page.rows.slice(i - first * size())
      if (!some.length) break
      out.push(...some.map((r) => r.id))
      i += some.length
    }
    return out
  }
  return computed(() => {
    const p = pages.value
    const param = p.data?.pageParams[0] ?? ''
    const all = seen()
    const rows = p.data?.pages.flatMap((x) => x.rows) ?? []
    const offset = Math.max(0, all.starts.indexOf(param)) * size()
    const first = p.data?.pages.find((x) => x.total !== undefined)
    if (first && !p.isPlaceholderData) Object.assign(all, { total: first.total, exact: first.total_exact })
    return {
      rows,
      offset,
      ids: (from, to) => ids(from, to, rows, offset),
      total: first ? first.total : all.total,
      exact: (first ? first.total_exact : all.exact) !== false,
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
