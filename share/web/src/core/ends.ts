// ends.ts - what is asked for when the first or the last of some rows comes into sight.
import { nextTick, onBeforeUnmount, watch, type Ref } from 'vue'

export interface End {
  mark: Ref<HTMLElement | undefined>
  ask: () => void
  /** Another value whenever rows came or went at this end. */
  rows: () => unknown
}

/** An observer tells that a mark came into sight, not that it is there still: after each change of the rows it is looked at anew.
 *  Begins with the call of what it returns, with the element that scrolls. */
export function useEnds(ends: End[], rootMargin: string): (root: Element) => void {
  let seen: IntersectionObserver | undefined
  const look = (mark: HTMLElement | undefined): void => {
    if (!seen || !mark) return
    seen.unobserve(mark)
    seen.observe(mark)
  }
  for (const e of ends) watch(e.rows, () => void nextTick(() => look(e.mark.value)))
  onBeforeUnmount(() => seen?.disconnect())
  return (root) => {
    seen = new IntersectionObserver((all) => { for (const x of all) if (x.isIntersecting) ends.find((e) => e.mark.value === x.target)?.ask() }, { root, rootMargin })
    for (const e of ends) look(e.mark.value)
  }
}
