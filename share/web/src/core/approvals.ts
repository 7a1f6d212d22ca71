// approvals.ts - what waits until it is approved: reading it, and what people do with it.
import { get, post } from './api'
import { ask } from './asks'
import { fmtDate, fmtMoney, fmtTime, unitOf } from './fmt'
import { t } from './i18n'
import { cache } from './query'
import { toast } from './toast'
import type { FieldType } from './types'

export interface AskedOf { user: number; user_name: string; of_user: number | null; of_user_name: string | null; done_by: number | null; done_by_name: string | null; state: string; at: string; ended_at: string | null }
export interface Step { name: string; who: string; mode: 'any' | 'all'; asks: AskedOf[] }
export interface Act { at: string; by: number | null; by_name: string | null; for_user: number | null; for_user_name: string | null; whom: number | null; whom_name: string | null; op: string; step: number; note: string | null; via: string | null }
export interface Change { field: string; label: string; type: FieldType; unit: string | null; from: unknown; to: unknown; from_text: string | null; to_text: string | null }
export interface Approval {
  id: number
  flow: string
  state: 'open' | 'returned' | 'approved' | 'rejected' | 'withdrawn'
  table: string | null
  record: number | null
  title: string | null
  by: number | null
  by_name: string | null
  at: string
  due_at: string | null
  ended_at: string | null
  step: number | null
  step_name: string | null
  action?: string | null
  action_label?: string | null
  does?: 'create' | 'delete' | 'restore' | null /* what waits is that it comes to be, goes, or comes back */
  changes?: Change[]
  for_user?: number | null
  for_user_name?: string | null
}
export interface Whole extends Approval { steps: Step[]; acts: Act[]; may: Op[]; fills: string | null }
export type Op = 'approve' | 'reject' | 'return' | 'delegate' | 'add' | 'withdraw' | 'resubmit'
export type Box = 'todo' | 'mine' | 'decided'
export interface BoxPage { approvals: Approval[]; next: number | null; waiting: number }

export const COLOR: Record<Approval['state'], string> = { open: 'blue', returned: 'amber', approved: 'green', rejected: 'red', withdrawn: 'gray' }
export const ICON: Record<Op, string> = { approve: 'check', reject: 'x', return: 'back', delegate: 'swap', add: 'plus', withdraw: 'x', resubmit: 'next' }

export const loadBox = (box: Box, after: string, signal?: AbortSignal): Promise<BoxPage> => get<BoxPage>('_approval', { box, after }, signal)
export const loadOne = (id: number): Promise<Whole> => get<Whole>(`_approval/${id}`)
export const loadOf = (table: string, id: number, signal?: AbortSignal): Promise<{ approvals: Whole[]; flows: string[] }> => get(`${table}/${id}/_approval`, {}, signal)

/** A value before or after, as the reader writes it; words of choices and names come from the host. */
export function textOf(c: Change, of: 'from' | 'to'): string {
  const v = c[of]
  if (v === null || v === '') return '–'
  if (c.type === 'money') return fmtMoney(String(v), unitOf({ of: c.unit ?? undefined }))
  if (c.type === 'date') return fmtDate(String(v))
  return c.type === 'time' ? fmtTime(String(v)) : c[`${of}_text`] || String(v)
}

/** What shows any of it is read anew. */
async function again(a: { table: string | null; record: number | null }): Promise<void> {
  for (const kind of ['rec', 'timeline', 'rows']) if (a.table) void cache.invalidateQueries({ queryKey: [kind, a.table] })
  void cache.invalidateQueries({ queryKey: ['home', 'todo'] })
  await cache.invalidateQueries({ queryKey: ['approvals'] })
}

/** Asks what there is to say, and does it; true when it was done. */
export async function decide(a: Approval, op: Op): Promise<boolean> {
  const body = await ask('approval', { op, approval: await loadOne(a.id) })
  if (!body) return false
  await post(`_approval/${a.id}/${op}`, body)
  toast(t('approval.did.' + op))
  await again(a)
  return true
}

/** Asks for approval of a record. */
export async function request(table: string, record: number, flow: string): Promise<void> {
  const body = await ask('approval', { op: 'ask', flow })
  if (!body) return
  await post(`${table}/${record}/_approval`, { ...body, flow })
  toast(t('approval.sent'))
  await again({ table, record })
}
