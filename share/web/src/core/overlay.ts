// overlay.ts - what lies on top of the page: Back closes it first.
import { onBeforeUnmount, onMounted } from 'vue'
import type { Router } from 'vue-router'

const stack: (() => void)[] = []
let popped = false

/** While the calling component is mounted, Back calls `close` instead of leaving the page. */
export function useOverlay(close: () => void): void {
  onMounted(() => stack.push(close))
  onBeforeUnmount(() => {
    const i = stack.lastIndexOf(close)
    if (i >= 0) stack.splice(i, 1)
  })
}

export const covered = (): boolean => stack.length > 0

export function guardBack(router: Router): void {
  router.options.history.listen((_to, _from, how) => (popped = how.type === 'pop'))
  router.beforeEach(() => {
    const top = popped ? stack.at(-1) : undefined
    popped = false
    if (!top) return true
    top()
    return false
  })
}
