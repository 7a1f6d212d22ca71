// prefs.ts - how a user likes his lists, kept in this browser; names of columns only, no data.
import { reactive, watch } from 'vue'
import { me } from './session'

export interface ListPrefs {
  columns?: string[]
  widths?: Record<string, number>
}
const key = (): string => `berth.lists.${me.value?.id ?? 0}`

function read(): Record<string, ListPrefs> {
  try {
    return JSON.parse(localStorage.getItem(key()) ?? '{}') as Record<string, ListPrefs>
  } catch {
    return {}
  }
}

const all = reactive<Record<string, ListPrefs>>(read())
watch(
  () => me.value?.id,
  () => {
    for (const k of Object.keys(all)) delete all[k]
    Object.assign(all, read())
  },
)

/** The preferences for one view of one table; write through `setPrefs`. */
export const prefsOf = (table: string, view: string): ListPrefs => all[`${table}/${view}`] ?? {}

export function setPrefs(table: string, view: string, change: ListPrefs): void {
  all[`${table}/${view}`] = { ...prefsOf(table, view), ...change }
  localStorage.setItem(key(), JSON.stringify(all))
}

export function clearPrefs(table: string, view: string): void {
  delete all[`${table}/${view}`]
  localStorage.setItem(key(), JSON.stringify(all))
}
