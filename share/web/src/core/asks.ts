// asks.ts - modal questions: whoever needs an answer awaits it, the shell draws it.
import { shallowReactive } from 'vue'
import type { Op, Whole } from './approvals'
import type { Left } from './deeds'
import type { Offer, Stand } from './home'
import type { Action, Attachment, Field, Match, Meta, Row, View } from './types'

export interface AskProps {
  confirm: { title: string; text?: string; yes: string; danger?: boolean }
  form: { meta: Meta; row?: Row; preset?: Record<string, unknown>; fixed?: string[] }
  stale: { meta: Meta; current: Row; mine: Record<string, unknown>; base: Row }
  duplicate: { matches: Match[]; label: string; blocked?: boolean }
  /** `send` does it while the form stands: what was typed outlives a refusal and a lost connection. */
  action: { action: Action; count: number; row?: Row; send?: (form: Record<string, unknown>) => Promise<boolean> }
  approval: { op: Op | 'ask'; approval?: Whole; flow?: string }
  bulk: { fields: Field[]; count: number; exact: boolean; meta: Meta }
  view: { meta: Meta; name: string; view?: View }
  line: { meta: Meta; text?: string }
  merge: { meta: Meta; rows: Row[] }
  taken: object
  password: { user: number; name: string }
  picture: { file: Attachment }
  remind: { table: string; id: number }
  mail: { table: string; id: number; to: string; phone: string; title: string }
  share: { table: string; id: number; title: string }
  why: { table: string; id: number; title: string; meta?: Meta }
  tile: { offers: Offer[]; taken: string[] }
  palette: { make?: boolean }
  shortcuts: object
  left: { meta: Meta; n: number; some: Left[] }
}
export interface AskAnswer {
  confirm: true
  form: Row
  stale: Record<string, unknown>
  duplicate: true
  action: Record<string, unknown>
  approval: Record<string, unknown>
  bulk: Record<string, unknown>
  view: { fields: Record<string, unknown>; pinned: boolean; first: boolean }
  line: Row
  merge: { keep: number; values: Record<string, unknown> }
  taken: true
  password: true
  picture: true
  remind: true
  mail: true
  share: true
  why: true
  tile: Stand
  palette: true
  shortcuts: true
  left: undefined
}
export type AskKind = keyof AskProps
export interface Ask {
  id: number
  kind: AskKind
  props: object
  done: (answer?: unknown) => void
}

export const asks = shallowReactive<Ask[]>([])
let last = 0

/** The answer, or undefined when the question was dismissed. */
export function ask<K extends AskKind>(kind: K, props: AskProps[K]): Promise<AskAnswer[K] | undefined> {
  return new Promise((resolve) => {
    const id = ++last
    const done = (answer?: unknown): void => {
      const i = asks.findIndex((a) => a.id === id)
      if (i >= 0) asks.splice(i, 1)
      resolve(answer as AskAnswer[K] | undefined)
    }
    asks.push({ id, kind, props, done })
  })
}

export function toggle(kind: 'palette' | 'shortcuts'): void {
  const open = asks.find((a) => a.kind === kind)
  if (open) open.done()
  else if (!asks.length) void ask(kind, {})
}
