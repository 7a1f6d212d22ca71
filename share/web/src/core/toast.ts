// toast.ts - short messages at the foot of the page, some with a way back.
import { reactive } from 'vue'
import { ApiError, messageOf } from './api'
import { t } from './i18n'

export interface Toast {
  id: number
  text: string
  bad?: boolean
  undo?: () => unknown
  /** Tries once more what did not come through; such a toast stays until one decides. */
  again?: () => unknown
  request?: string
  /** 0..1 while something is under way; such a toast stays until it is dropped. */
  progress?: number
  /** The same in numbers, for the eye: they change too often to be read out. */
  far?: string
  cancel?: () => unknown
  /** Leads to more about it, such as which records were left out and why. */
  more?: { label: string; run: () => unknown }
}

export const toasts = reactive<Toast[]>([])
let last = 0

export function drop(id: number): void {
  const i = toasts.findIndex((x) => x.id === id)
  if (i >= 0) toasts.splice(i, 1)
}

export function toast(text: string, more: Omit<Toast, 'id' | 'text'> = {}): Toast {
  toasts.push({ id: ++last, text, ...more })
  const item = toasts[toasts.length - 1]!
  if (more.progress === undefined && !more.again) setTimeout(() => drop(item.id), more.undo || more.bad || more.more ? 8000 : 4000)
  const old = toasts.findIndex((x) => !x.again && x.progress === undefined)
  if (toasts.length > 4 && old >= 0) toasts.splice(old, 1)
  return item
}

export function fail(e: unknown, what?: string, again?: () => unknown): void {
  const fields = e instanceof ApiError ? Object.values(e.body.fields ?? {}).map((f) => f.message ?? f.code) : []
  const text = [what, fields.length ? fields.join(' ') : messageOf(e)].filter(Boolean).join(' ')
  toast(text || t('error.http', { n: 0 }), {
    bad: true,
    again,
    request: e instanceof ApiError ? e.request : undefined,
  })
}
