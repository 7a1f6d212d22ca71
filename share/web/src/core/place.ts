// place.ts - puts a floating box beside its anchor, inside the window.

export interface Place { align?: 'start' | 'end'; match?: boolean; gap?: number }

export function place(anchor: Element, box: HTMLElement, o: Place = {}): void {
  const gap = o.gap ?? 4
  const a = anchor.getBoundingClientRect()
  const view = window.visualViewport
  const w = document.documentElement.clientWidth
  const h = view?.height ?? window.innerHeight
  const below = h - a.bottom - gap - 8
  const above = a.top - gap - 8
  if (o.match) box.style.minWidth = `${Math.min(a.width, w - 16)}px`
  box.style.maxHeight = ''
  const wants = box.scrollHeight
  const down = below >= wants || below >= above
  box.style.maxHeight = `${Math.max(120, Math.min(down ? below : above, o.match ? 340 : 560))}px`
  const size = box.getBoundingClientRect()
  const left = o.align === 'end' ? a.right - size.width : a.left
  box.style.left = `${Math.max(8, Math.min(left, w - size.width - 8))}px`
  box.style.top = `${down ? a.bottom + gap : Math.max(8, a.top - gap - size.height)}px`
}

/** Places the box now and again whenever something moves; returns how to stop. */
export function follow(anchor: () => Element | null | undefined, box: HTMLElement, o: Place = {}): () => void {
  const again = (): void => {
    const a = anchor()
    if (a) place(a, box, o)
  }
  const scrolled = (e: Event): void => {
    if (!(e.target instanceof Node && box.contains(e.target))) again()
  }
  again()
  const sizes = new ResizeObserver(again)
  sizes.observe(box)
  window.addEventListener('scroll', scrolled, true)
  window.addEventListener('resize', again)
  window.visualViewport?.addEventListener('resize', again)
  return () => {
    sizes.disconnect()
    window.removeEventListener('scroll', scrolled, true)
    window.removeEventListener('resize', again)
    window.visualViewport?.removeEventListener('resize', again)
  }
}
