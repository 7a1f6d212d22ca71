// timers.ts - what runs at its times, as the host tells it, and in words.
import { fmtInt, numberFormat } from '../core/fmt'
import { t } from '../core/i18n'

export interface Run { id: number; state: 'running' | 'waiting' | 'done' | 'failed'; due: string | null; missed: number; began: string; ended: string | null; turns: number; tries: number; error: string | null; by: number | null }
export interface Timer { name: string; label: string; script: boolean; every: string; next: string | null; last: Run | null; failures: number }

const UNITS: Record<string, string> = { s: 'second', m: 'minute', h: 'hour', d: 'day' }
export const COLORS: Record<Run['state'], string> = { running: 'blue', waiting: 'amber', done: 'green', failed: 'red' }

/** "every 20 seconds", "every day at 02:00"; a line of cron's as it is. */
export function everyText(every: string): string {
  const span = /^(\d+)([smhd])$/.exec(every), daily = /^daily (\d\d:\d\d)$/.exec(every)
  if (span) return t('admin.timer.interval', { what: numberFormat({ style: 'unit', unit: UNITS[span[2]!]!, unitDisplay: 'long' }).format(Number(span[1])) })
  return daily ? t('admin.timer.daily', { at: daily[1]! }) : every
}

/** How long it took, from milliseconds up. */
export function tookText(r: Run): string {
  const ms = r.ended ? Date.parse(r.ended) - Date.parse(r.began) : 0
  return ms < 1000 ? `${fmtInt(ms)} ms` : numberFormat({ style: 'unit', unit: 'second', maximumFractionDigits: 1 }).format(ms / 1000)
}
