// overlay.ts - what lies on top of the page: Back closes it first.
import { onBeforeUnmount, onMounted } from 'vue'

const stack: (() => void)[] = []

/** While the calling component is mounted, Back calls `close` instead of leaving the page. */
export function useOverlay(close: () => void): void {
  onMounted(() => stack.push(close))
  onBeforeUnmount(() => {
    const i = stack.lastIndexOf(close)
    if (i >= 0) stack.splice(i, 1)
  })
}

export const covered = (): boolean => stack.length > 0

/** Closes what lies on top; false: nothing does. */
export function closeTop(): boolean {
  const top = stack.at(-1)
  top?.()
  return !!top
}
