// live.ts - what the host tells at once: alerts, records that changed, jobs.
import { watch } from 'vue'
import { get, online } from './api'
import { learn } from './fmt'
import { locale } from './i18n'
import { cache } from './query'
import { alerts as open, phase, readStart } from './session'
import { toast } from './toast'
import type { Alert, AlertPage, Refs } from './types'

let newest = -1 // the last alert this browser was told of; -1: not told of any yet
let source: EventSource | undefined

function alerts(p: AlertPage & { refs?: Refs }): void {
  learn(p.refs)
  open.value = p.open
  const fresh = newest < 0 ? [] : p.alerts.filter((a: Alert) => a.id > newest)
  newest = Math.max(newest, 0, ...p.alerts.map((a) => a.id))
  for (const a of fresh.slice(0, 3).reverse()) toast(a.title ? `${a.text} · ${a.title}` : a.text)
  void cache.invalidateQueries({ queryKey: ['alerts'] })
  void cache.invalidateQueries({ queryKey: ['approvals'] })
}

/* The home page counts again, at most every few seconds. */
const counted = new Set<string>()
let recount: ReturnType<typeof setTimeout> | undefined
function home(table: string): void {
  counted.add(table)
  recount ??= setTimeout(() => {
    recount = undefined
    for (const t of ['todo', ...counted]) void cache.invalidateQueries({ queryKey: ['home', t] })
    counted.clear()
  }, 3000)
}

/* What is on screen is read anew; lists are only marked, so that a busy day does not ask all the time. */
function changed({ table, id }: { table: string; id: number | null }): void {
  void cache.invalidateQueries({ queryKey: ['rows', table], refetchType: 'none' })
  home(table)
  if (table === 'label') void readStart().then(() => cache.invalidateQueries({ queryKey: ['meta'] }))
  for (const kind of ['rec', 'timeline', 'files', 'about'])
    void cache.invalidateQueries({ queryKey: id === null ? [kind, table] : [kind, table, id] })
}

function listen(): void {
  if (source || phase.value !== 'in' || document.hidden) return
  source = new EventSource(`/api/_events?locale=${locale.value}`)
  const on = <T>(kind: string, f: (d: T) => void): void => source!.addEventListener(kind, (e) => f(JSON.parse((e as MessageEvent<string>).data) as T))
  on('alerts', alerts)
  on('changed', changed)
  /* Back after a gap: what happened meanwhile was not told. */
  let lost = false
  source.onopen = () => { if (lost) void cache.invalidateQueries(); lost = false }
  /* Refused for good (signed out elsewhere): the next request says so; nothing to do here. */
  source.onerror = () => { lost = true; if (source?.readyState === EventSource.CLOSED) hush() }
}
function hush(): void {
  source?.close()
  source = undefined
}

/** A hidden tab gives its connection back: browsers have six for a host. */
let timer: ReturnType<typeof setTimeout> | undefined
function seen(): void {
  clearTimeout(timer)
  if (document.hidden) timer = setTimeout(hush, 30_000)
  else listen()
}

/* The server is gone: it is asked again and again, less often in time, and what is on screen is read anew once it is back. */
const SOON = 2000
const LATEST = 20_000
let again: ReturnType<typeof setTimeout> | undefined
function askAgain(wait: number): void {
  clearTimeout(again)
  again = setTimeout(() => {
    if (online.value) return
    if (document.hidden) return askAgain(wait)
    void get('_public').catch(() => {}).then(() => online.value || askAgain(Math.min(LATEST, wait * 1.5)))
  }, wait)
}
function back(): void {
  hush() /* it may have been refused meanwhile */
  listen()
  void cache.invalidateQueries()
}

export function live(): void {
  watch(online, (up) => (up ? back() : askAgain(SOON))) // whichever request gets through first
  document.addEventListener('visibilitychange', seen)
  addEventListener('online', listen)
  watch([phase, locale], () => {
    hush()
    if (phase.value !== 'in') newest = -1
    listen()
  }, { immediate: true })
}
