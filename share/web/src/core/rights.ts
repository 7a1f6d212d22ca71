// rights.ts - who else has a record, why somebody may or may not, and handing over what somebody owns.
import { api, get, post } from './api'
import { cache } from './query'
import { searchRefs } from './records'
import { toast } from './toast'
import type { Option } from './types'

export type Access = 'read' | 'cooperate'
export interface Share {
  id: number
  user_id: number | null
  department_id: number | null
  role_id: number | null
  name: string
  access: Access
  part: string | null
  until_at: string | null
  by_name: string
}
export interface Shares { owner_id: number | null; owner_name: string | null; may: boolean; team: Share[]; shares: Share[]; roles?: { id: number; name: string }[] }
export interface WhyLine { kind: string; text: string }
export interface Why { allowed: boolean; user: { id: number; name: string }; reasons: WhyLine[]; missing: WhyLine[]; ask: { id: number; name: string }[] }
export interface Past { id: number; at: string; state: string; moved: number; back: number; undo: boolean }
export interface Preview { user: number; name: string; tables: { table: string; label: string; count: number; pooled: boolean }[]; subordinates: number; departments: number; past: Past[] }

export const sharesKey = (table: string, id: number): unknown[] => ['shares', table, id]
export const loadShares = (table: string, id: number, signal?: AbortSignal): Promise<Shares> => get<Shares>(`${table}/${id}/_share`, {}, signal)
export const addShare = (table: string, id: number, body: object): Promise<{ id: number }> => post(`${table}/${id}/_share`, body)
export const dropShare = (id: number): Promise<null> => api('DELETE', `_share/${id}`)
export const sharesChanged = (table: string, id: number): Promise<void> => cache.invalidateQueries({ queryKey: sharesKey(table, id) })
export const loadWhy = (table: string, id: number, query: Record<string, string | number | undefined>): Promise<Why> => get<Why>(`${table}/${id}/_why`, query)
/** Whether the user may not change the field of that record now, and says why; where that cannot be asked, the host's refusal will. */
export async function refused(table: string, id: number, field: string): Promise<boolean> {
  const why = await loadWhy(table, id, { deed: 'update', field }).catch(() => null)
  if (why?.allowed === false) toast(why.missing.map((l) => l.text).join(' '), { bad: true })
  return why?.allowed === false
}
export const handover = (user: number): Promise<Preview> => get<Preview>(`user/${user}/_handover`)

/** A combo's search among the records of a small table. */
export const among = (table: string) => async (q: string, signal: AbortSignal): Promise<Option[]> => searchRefs(table, q, signal)

/** From the next request on everything is read as that user sees it; the whole page is drawn anew. */
export async function lookAs(user: number): Promise<void> {
  await post(`user/${user}/_look_as`)
  location.assign('/')
}
export async function lookAgain(): Promise<void> {
  await api('DELETE', '_look_as')
  location.assign('/')
}
