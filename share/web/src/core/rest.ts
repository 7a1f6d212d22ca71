// rest.ts - what can wait until the page is at rest: the first rows come first.
import { ref } from 'vue'

/** Whether the page has come to rest once. */
export const rested = ref(false)

export const whenIdle = (f: () => void, timeout = 200): void =>
  void ('requestIdleCallback' in window ? requestIdleCallback(f, { timeout }) : setTimeout(f, 16))
/** When what stands now has been painted, and nothing else is to be done. */
export const afterPaint = (f: () => void): void => void requestAnimationFrame(() => whenIdle(f))
export const atRest = (f: () => void, after = 800): void =>
  void setTimeout(() => whenIdle(f, 4000), after)
atRest(() => (rested.value = true))
