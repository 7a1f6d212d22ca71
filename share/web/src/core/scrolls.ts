// scrolls.ts - how far boxes were scrolled, and scrolling them there again.

/** Of one box: pixels to the right, and its uppermost child with how much of that is out of sight; no pixels down, as cards have no height of their own until they were in view. */
export type Scroll = [right: number, child: number]
const FRAMES = 90 /* of those that what is in the boxes may take to come, and to grow as it comes into view */

const boxes = (root: HTMLElement | null | undefined, inner: string): HTMLElement[] => (root ? [root, ...(inner ? root.querySelectorAll<HTMLElement>(inner) : [])] : [])

function childOf(box: HTMLElement): number {
  const edge = box.getBoundingClientRect().top + box.clientTop
  const i = [...box.children].findIndex((c) => c.getBoundingClientRect().bottom > edge + 0.5)
  if (i < 0 || !box.scrollTop) return 0
  const child = box.children[i]!.getBoundingClientRect()
  return i + Math.max(0, edge - child.top) / child.height
}

/** Of a box and those in it that `inner` finds. */
export const scrollsOf = (root: HTMLElement | null | undefined, inner = ''): Scroll[] => boxes(root, inner).map((b) => [b.scrollLeft, childOf(b)])

function scrollTo(box: HTMLElement, [right, place]: Scroll): boolean {
  box.scrollLeft = right
  const child = box.children[Math.floor(place)]
  if (child && place) {
    const at = child.getBoundingClientRect()
    box.scrollTop += at.top - box.getBoundingClientRect().top - box.clientTop + (place % 1) * at.height
  }
  return Math.abs(box.scrollLeft - right) < 2 && Math.abs(childOf(box) - place) < 0.02
}

/** Goes on until all of them are where they were for some frames, or somebody scrolls or types. */
export function scrollBack(root: () => HTMLElement | null | undefined, inner: string, was: Scroll[] | undefined): void {
  if (!was?.some(([right, child]) => right || child)) return
  const stop = new AbortController()
  for (const what of ['wheel', 'pointerdown', 'keydown', 'touchstart']) addEventListener(what, () => stop.abort(), { capture: true, signal: stop.signal })
  const step = (frames: number, still: number): void => {
    const all = boxes(root(), inner)
    const there = all.map((b, i) => !was[i] || scrollTo(b, was[i])).every(Boolean) && all.length >= was.length
    if (!frames || still > 3) stop.abort()
    if (!stop.signal.aborted) requestAnimationFrame(() => stop.signal.aborted || step(frames - 1, there ? still + 1 : 0))
  }
  step(FRAMES, 0)
}
