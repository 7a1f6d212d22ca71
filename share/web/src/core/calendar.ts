// calendar.ts - days, weeks and what happens in them, laid out in lanes; no pixels.
import { addDays, fromLocal, toLocal } from './fmt'
import type { Field, Row } from './types'

export type Mode = 'month' | 'week' | 'day' | 'agenda'
export const MODES: Mode[] = ['month', 'week', 'day', 'agenda']
export const AGENDA_DAYS = 30

const DAY = 86_400_000
const ms = (day: string): number => Date.parse(day + 'T00:00:00Z')
export const daysBetween = (a: string, b: string): number => Math.round((ms(b) - ms(a)) / DAY)
/** The Monday of its week. */
export const weekStart = (day: string): string => addDays(day, -((new Date(ms(day)).getUTCDay() + 6) % 7))
export const monthStart = (day: string): string => day.slice(0, 8) + '01'
const monthEnd = (day: string): string => {
  const d = new Date(ms(monthStart(day)))
  return new Date(Date.UTC(d.getUTCFullYear(), d.getUTCMonth() + 1, 0)).toISOString().slice(0, 10)
}

/** First and last day that a mode shows. */
export function rangeOf(mode: Mode, day: string): [string, string] {
  if (mode === 'day') return [day, day]
  if (mode === 'agenda') return [day, addDays(day, AGENDA_DAYS - 1)]
  if (mode === 'week') return [weekStart(day), addDays(weekStart(day), 6)]
  return [weekStart(monthStart(day)), addDays(weekStart(monthEnd(day)), 6)]
}
/** The day to look at when one pages on or back. */
export function page(mode: Mode, day: string, by: number): string {
  if (mode === 'month') {
    const n = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1 + by
    return `${String(Math.floor(n / 12)).padStart(4, '0')}-${String((n % 12) + 1).padStart(2, '0')}-01`
  }
  return addDays(day, by * (mode === 'day' ? 1 : mode === 'week' ? 7 : AGENDA_DAYS))
}
export const daysOf = (from: string, to: string): string[] => Array.from({ length: daysBetween(from, to) + 1 }, (_, i) => addDays(from, i))

export interface Event {
  id: number
  row: Row
  title: string
  /** First and last day, on the company's clock. */
  first: string
  last: string
  /** Minutes since midnight of `first`, and how many; undefined: the whole day. */
  start?: number
  minutes?: number
}

const minutesOf = (local: string): number => Number(local.slice(11, 13)) * 60 + Number(local.slice(14, 16))
export const DEFAULT_MINUTES = 60

/** What a record is in a calendar; undefined when it has no beginning. */
export function eventOf(row: Row, title: string, from: Field, to: Field | undefined): Event | undefined {
  const a = row[from.name]
  const b = to ? row[to.name] : undefined
  if (typeof a !== 'string' || !a) return undefined
  const local = from.type === 'time' ? toLocal(a) : a
  const end = typeof b === 'string' && b ? (to!.type === 'time' ? toLocal(b) : b) : local
  const first = local.slice(0, 10)
  const last = end.slice(0, 10) < first ? first : end.slice(0, 10)
  const e: Event = { id: row.id, row, title, first, last }
  if (from.type !== 'time') return e
  const start = minutesOf(local)
  const length = to?.type === 'time' && end > local ? daysBetween(first, last) * 1440 + minutesOf(end) - start : DEFAULT_MINUTES
  if (length >= 1440) return e /* a day or longer: a bar, not a block */
  return { ...e, last: first, start, minutes: length }
}

/** The change that moves a record by days and minutes; both ends move. */
export function shifted(e: Event, from: Field, to: Field | undefined, days: number, minutes = 0): Record<string, unknown> {
  const move = (f: Field): unknown => {
    const v = e.row[f.name]
    if (typeof v !== 'string' || !v) return v ?? null
    if (f.type !== 'time') return addDays(v, days)
    const local = toLocal(v)
    const at = minutesOf(local) + minutes
    const day = addDays(local.slice(0, 10), days + Math.floor(at / 1440))
    const m = ((at % 1440) + 1440) % 1440
    return fromLocal(`${day}T${clock(m)}`)
  }
  return { [from.name]: move(from), ...(to && e.row[to.name] ? { [to.name]: move(to) } : {}) }
}
/** The change that moves its end. */
export function resized(e: Event, to: Field, days: number, minutes = 0): Record<string, unknown> {
  if (to.type !== 'time') {
    const day = addDays(e.last, days)
    return { [to.name]: day < e.first ? e.first : day }
  }
  const start = e.start ?? 0
  const length = Math.max(15, (e.minutes ?? (daysBetween(e.first, e.last) + 1) * 1440) + days * 1440 + minutes)
  const end = start + length
  return { [to.name]: fromLocal(`${addDays(e.first, Math.floor(end / 1440))}T${clock(end % 1440)}`) }
}
export const clock = (m: number): string => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`

/* ---- layout ---- */
export interface Bar {
  event: Event
  lane: number
  from: number
  span: number
  /** Goes on outside of what is shown; how many of its days lie before. */
  before: boolean
  after: boolean
  skipped: number
}
/** Bars of one week, in as few lanes as do: long ones first. */
export function weekBars(events: Event[], monday: string, days = 7): Bar[] {
  const lanes: number[] = []
  return events
    .filter((e) => e.first <= addDays(monday, days - 1) && e.last >= monday)
    .map((event) => {
      const from = Math.max(0, daysBetween(monday, event.first))
      const to = Math.min(days - 1, daysBetween(monday, event.last))
      return { event, from, span: to - from + 1, lane: 0, before: event.first < monday, skipped: Math.max(0, daysBetween(event.first, monday)), after: event.last > addDays(monday, days - 1) }
    })
    .sort((a, b) => a.from - b.from || b.span - a.span || (a.event.start ?? -1) - (b.event.start ?? -1) || a.event.id - b.event.id)
    .map((b) => {
      let lane = lanes.findIndex((end) => end < b.from)
      if (lane < 0) lane = lanes.length
      lanes[lane] = b.from + b.span - 1
      return { ...b, lane }
    })
}

export interface Block { event: Event; top: number; height: number; left: number; width: number }
/** Blocks of one day in per cent of it; those at the same time lie side by side. */
export function dayBlocks(events: Event[], day: string): Block[] {
  const timed = events.filter((e) => e.first === day && e.start !== undefined).sort((a, b) => a.start! - b.start! || b.minutes! - a.minutes!)
  const out: Block[] = []
  let cluster: { e: Event; col: number }[] = []
  let end = -1
  const flush = (): void => {
    const n = Math.max(1, ...cluster.map((c) => c.col + 1))
    for (const { e, col } of cluster) out.push({ event: e, top: (e.start! / 1440) * 100, height: (Math.max(20, e.minutes!) / 1440) * 100, left: (col / n) * 100, width: 100 / n })
    cluster = []
  }
  for (const e of timed) {
    if (e.start! >= end) flush()
    const taken = cluster.filter((c) => c.e.start! + Math.max(20, c.e.minutes!) > e.start!).map((c) => c.col)
    let col = 0
    while (taken.includes(col)) col++
    cluster.push({ e, col })
    end = Math.max(cluster.length === 1 ? -1 : end, e.start! + Math.max(20, e.minutes!))
  }
  flush()
  return out
}
