// rest.ts - what can wait until the page is at rest: the first rows come first.
import { ref } from 'vue'

/** Whether the page has come to rest once. */
export const rested = ref(false)

export const atRest = (f: () => void, after = 800): void =>
  void setTimeout(() => ('requestIdleCallback' in window ? requestIdleCallback(f, { timeout: 4000 }) : f()), after)
atRest(() => (rested.value = true))
