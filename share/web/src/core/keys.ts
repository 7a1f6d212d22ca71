// keys.ts - when a key is a command and when it is text.

/** An input method is at work: Enter confirms a candidate and must do nothing else. */
export const composing = (e: KeyboardEvent): boolean => e.isComposing || e.keyCode === 229

const EDITS = 'input:not([type=checkbox]):not([type=radio]),textarea,select,[contenteditable=true],[role=spinbutton]'
/* The script editor lives in a shadow root: outside of it an event's target is the root's host. */
export const typing = (e: Event): boolean => !!((e.composedPath()[0] ?? e.target) as Element | null)?.closest?.(EDITS)

/** A plain letter or key that may be a command. */
export const isCommand = (e: KeyboardEvent): boolean =>
  !composing(e) && !e.defaultPrevented && !e.ctrlKey && !e.metaKey && !e.altKey && !typing(e) &&
  !(e.target as Element | null)?.closest?.('dialog,[popover]')

/** A click that opens a link in a tab or window of its own: the browser's business. */
export const elsewhere = (e: MouseEvent): boolean => e.ctrlKey || e.metaKey || e.shiftKey || e.button > 0

/** A link in what is opened by a click as a whole: only in a tab of its own is it the browser's. */
export function besides(e: MouseEvent): void {
  if (elsewhere(e)) e.stopPropagation()
  else e.preventDefault()
}
