// left.ts - what a page was like when it was left: whoever comes back finds it so.
import { onBeforeUnmount, onMounted, watch } from 'vue'
import { me } from './session'

const left = new Map<string, unknown>()

/** What `keep` tells is kept when the place changes or is left, and given to `back` in a place where one was before. */
export function useLeft<T>(place: () => string, keep: () => T, back: (was: T | undefined) => void): void {
  const mine = me.value?.id /* who signs in next begins anew */
  /* Remembered apart: when the page is left, the address is already the next one's. */
  let here = `${mine} ${place()}`
  watch(place, (now) => {
    left.set(here, keep())
    here = `${mine} ${now}`
    back(left.get(here) as T | undefined)
  })
  onBeforeUnmount(() => left.set(here, keep()))
  onMounted(() => back(left.get(here) as T | undefined))
}
