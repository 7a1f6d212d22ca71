// recent.ts - which records were opened last, in this browser: names of tables and numbers, no data.
import { me } from './session'

const MOST = 20
const key = (): string => `berth.recent.${me.value?.id ?? 0}`

export function recent(): [table: string, id: number][] {
  try {
    return JSON.parse(localStorage.getItem(key()) ?? '[]') as [string, number][]
  } catch {
    return []
  }
}
export function remember(table: string, id: number): void {
  localStorage.setItem(key(), JSON.stringify([[table, id], ...recent().filter(([t, i]) => t !== table || i !== id)].slice(0, MOST)))
}
