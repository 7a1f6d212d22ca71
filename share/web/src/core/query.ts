// query.ts - server state: a thin Vue adapter over query-core (the official one drags in more).
import {
  InfiniteQueryObserver, notifyManager, QueryClient, QueryObserver,
  type InfiniteData, type InfiniteQueryObserverOptions, type InfiniteQueryObserverResult,
  type QueryKey, type QueryObserverOptions, type QueryObserverResult,
} from '@tanstack/query-core'
import { onScopeDispose, shallowRef, watchEffect, type ShallowRef } from 'vue'
import { ApiError } from './api'

const again = (count: number, e: Error): boolean =>
  count < 2 && e instanceof ApiError && (e.status === 0 || e.status === 503)

export const cache = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 20_000, gcTime: 600_000, retry: again, networkMode: 'always' },
  },
})
cache.mount()
/* What came is drawn in the same breath, not after another frame. */
notifyManager.setScheduler(queueMicrotask)

export function useQuery<T>(
  options: () => QueryObserverOptions<T, Error>,
): ShallowRef<QueryObserverResult<T, Error>> {
  const observer = new QueryObserver<T, Error>(cache, options())
  const result = shallowRef(observer.getCurrentResult())
  watchEffect(() => {
    observer.setOptions(options())
    result.value = observer.getCurrentResult()
  })
  onScopeDispose(observer.subscribe((r) => (result.value = r)))
  return result
}

export type Pages<T> = InfiniteData<T, string>
export function usePages<T>(
  options: () => InfiniteQueryObserverOptions<T, Error, Pages<T>, QueryKey, string>,
): ShallowRef<InfiniteQueryObserverResult<Pages<T>, Error>> {
  const observer = new InfiniteQueryObserver<T, Error, Pages<T>, QueryKey, string>(cache, options())
  const result = shallowRef(observer.getCurrentResult())
  watchEffect(() => {
    observer.setOptions(options())
    result.value = observer.getCurrentResult()
  })
  onScopeDispose(observer.subscribe((r) => (result.value = r)))
  return result
}
