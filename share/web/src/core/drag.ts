// drag.ts - moving things with the pointer: mouse and pen at once, a finger after a long press, or at once on a grip (touch-action: none).

export interface Drag {
  /** What flies along with the pointer. */
  label: string
  /** Called as it moves; `over` is the nearest element with data-drop under the pointer. */
  move?: (x: number, y: number, over: HTMLElement | null) => void
  drop: (x: number, y: number, over: HTMLElement | null) => void
  /** Always at the end, dropped or not. */
  end?: () => void
  /** Nothing flies along: sizes being pulled. */
  bare?: boolean
}

const FAR = 5 /* pixels before a press is a drag */
const LONG = 350 /* milliseconds before a finger drags instead of scrolling */
const EDGE = 48 /* pixels from an edge where things begin to scroll */

let dragged = false
/** Whether the click that follows belongs to a drag that just ended. */
export const wasDragged = (): boolean => dragged

const grip = (el: Element | null): boolean => !!el && (getComputedStyle(el).touchAction === 'none' || grip(el.parentElement))

export function startDrag(e: PointerEvent, d: Drag): void {
  if (e.button !== 0) return
  const finger = e.pointerType === 'touch' && !grip(e.target as Element)
  const { clientX: x0, clientY: y0 } = e
  let [x, y] = [x0, y0]
  let on = false
  let ghost: HTMLElement | undefined
  let lit: HTMLElement | null = null
  let frame = 0
  dragged = false
  const wait = finger ? window.setTimeout(begin, LONG) : 0

  const over = (): HTMLElement | null => document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-drop]') ?? null
  function light(el: HTMLElement | null): void {
    if (lit === el) return
    lit?.classList.remove('dropping')
    el?.classList.add('dropping')
    lit = el
  }
  function begin(): void {
    on = dragged = true
    document.documentElement.classList.add('dragging')
    if (!d.bare) {
      ghost = document.createElement('div')
      ghost.className = 'flying'
      ghost.textContent = d.label
      document.body.append(ghost)
    }
    if (e.pointerType === 'touch') navigator.vibrate?.(10)
    step()
  }
  /* Scrolls whatever lies under the pointer when it is near an edge. */
  function step(): void {
    for (let el = document.elementFromPoint(x, y); el; el = el.parentElement) {
      const b = el.getBoundingClientRect()
      if (el.scrollHeight > el.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(el).overflowY)) {
        if (y < b.top + EDGE) el.scrollTop -= 8
        else if (y > b.bottom - EDGE) el.scrollTop += 8
      }
      if (el.scrollWidth > el.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(el).overflowX)) {
        if (x < b.left + EDGE) el.scrollLeft -= 8
        else if (x > b.right - EDGE) el.scrollLeft += 8
      }
    }
    if (ghost) ghost.style.transform = `translate(${x + 12}px, ${y + 10}px)`
    const at = over()
    if (!d.bare) light(at)
    d.move?.(x, y, at)
    frame = requestAnimationFrame(step)
  }
  function move(m: PointerEvent): void {
    if (m.pointerId !== e.pointerId) return
    if (!m.buttons) return stop() /* let go outside the window */
    ;[x, y] = [m.clientX, m.clientY]
    const far = Math.hypot(x - x0, y - y0) > FAR
    if (!on && finger && far) stop()
    else if (!on && far) begin()
    if (on) m.preventDefault()
  }
  function up(m: PointerEvent): void {
    if (m.pointerId !== e.pointerId) return
    ;[x, y] = [m.clientX, m.clientY]
    const was = on
    const at = over()
    stop()
    if (was) d.drop(x, y, at)
  }
  const cancel = (m: PointerEvent): void => { if (m.pointerId === e.pointerId) stop() }
  const key = (k: KeyboardEvent): void => {
    if (k.key !== 'Escape' || !on) return
    k.stopPropagation()
    stop()
  }
  const hold = (m: Event): void => { if (on) m.preventDefault() }
  function stop(): void {
    clearTimeout(wait)
    cancelAnimationFrame(frame)
    on = false
    light(null)
    ghost?.remove()
    document.documentElement.classList.remove('dragging')
    removeEventListener('pointermove', move)
    removeEventListener('pointerup', up)
    removeEventListener('pointercancel', cancel)
    removeEventListener('keydown', key, true)
    removeEventListener('touchmove', hold)
    removeEventListener('contextmenu', hold)
    d.end?.()
    setTimeout(() => (dragged = false))
  }
  addEventListener('pointermove', move)
  addEventListener('pointerup', up)
  addEventListener('pointercancel', cancel)
  addEventListener('keydown', key, true)
  addEventListener('touchmove', hold, { passive: false })
  addEventListener('contextmenu', hold)
}
