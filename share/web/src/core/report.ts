// report.ts - report pages that plugins declare: a form, charts and a table of what one of their routes answers.
import { get } from './api'
import { fmt, learn } from './fmt'
import { locale } from './i18n'
import { useQuery } from './query'
import { loadMeta } from './meta'
import { readTitles } from './records'
import type { ChartKind, Point } from './chart'
import type { Field, Refs, Row } from './types'

export interface ReportMeta { name: string; label: string; help: string | null; icon: string | null; path: string; rows: string; on: string | null; charts: string | null; form: Field[]; columns: Field[] }
export type ReportRow = Row & Record<string, unknown>
/** next: where the following rows begin, asked for with `after`; null: these were all. */
export interface Found { rows: ReportRow[]; exact: boolean; next: string | null }
export interface ReportChart { kind: ChartKind; name: Field; values: Field[] }

export const useReport = (name: () => string) => useQuery<ReportMeta>(() => ({
  queryKey: ['meta', 'report', name(), locale.value], staleTime: 300_000,
  queryFn: ({ signal }) => get<ReportMeta>('_report/' + name(), {}, signal),
}))

export async function loadReport(r: ReportMeta, query: Record<string, string | number | undefined>, signal?: AbortSignal): Promise<Found> {
  const answer = await get<Record<string, unknown>>(r.path, query, signal)
  learn(answer.refs as Refs | undefined)
  const rows = answer[r.rows]
  for (const f of r.columns) if (f.type === 'ref' && f.of && Array.isArray(rows)) await readTitles(f.of, (rows as ReportRow[]).map((x) => x[f.name]))
  return { rows: Array.isArray(rows) ? (rows as ReportRow[]) : [], exact: answer.exact !== false, next: typeof answer.next === 'string' ? answer.next : null }
}

/** "funnel name count; bar name amount weighted" as what is drawn. */
export function chartsOf(r: ReportMeta): ReportChart[] {
  return (r.charts ?? '').split(';').flatMap((text) => {
    const [kind, ...names] = text.trim().split(/\s+/)
    const fields = names.map((n) => r.columns.find((c) => c.name === n)).filter((f) => f !== undefined)
    return kind && fields.length > 1 ? [{ kind: kind as ChartKind, name: fields[0]!, values: fields.slice(1) }] : []
  })
}
/** Charts of one number leave out what has none of it. */
export function pointsIn(c: ReportChart, rows: ReportRow[]): Point[] {
  const all = rows.map((r) => ({ label: fmt(c.name, r[c.name.name]) || '–', values: c.values.map((f) => Number(r[f.name] ?? 0)) }))
  return c.kind === 'funnel' || c.kind === 'pie' ? all.filter((p) => p.values[0]! > 0) : all
}

/** The titles of what the form's references name, when an address is opened. */
export async function learnParams(r: ReportMeta, params: Record<string, unknown>): Promise<void> {
  for (const f of r.form)
    if (f.type === 'ref' && f.of && params[f.name]) {
      const m = await loadMeta(f.of)
      await get<{ rows: Row[]; refs?: Refs }>(f.of, { filter: JSON.stringify(['id', '=', Number(params[f.name])]), fields: m.title, limit: 1 }).then((p) => {
        const row = p.rows[0]
        if (row) learn({ [f.of!]: { [row.id]: String(row[m.title] ?? '') } })
      }).catch(() => {})
    }
}
