// help.ts - the manual for users: its pages in the reader's language, which page is about which screen, and its search.
import { fold } from './fmt'
import { locale, type Locale } from './i18n'

export const PAGES = ['start', 'home', 'lists', 'records', 'search', 'import', 'pools', 'duplicates', 'approvals', 'automation', 'calendar', 'activities', 'customers', 'opportunities', 'admin'] as const
export type HelpPage = (typeof PAGES)[number]
export const isPage = (s: unknown): s is HelpPage => PAGES.includes(s as HelpPage)

const files = import.meta.glob<string>('../../../doc/user/*/*.md', { query: '?raw', import: 'default' })
const LANGUAGES = ['zh-CN', 'zh-TW', 'vi', 'en']
export const load = (page: HelpPage, l: Locale = locale.value): Promise<string> => files[`../../../doc/user/${LANGUAGES.includes(l) ? l : 'en'}/${page}.md`]!()

const OF_TABLE: Record<string, HelpPage> = {
  customer: 'customers', contact: 'customers', party_relation: 'customers', hard_case: 'customers',
  opportunity: 'opportunities', competitor: 'opportunities', cooperation: 'opportunities', sales_target: 'opportunities', pipeline: 'opportunities',
  activity: 'activities', task: 'activities', memo: 'activities', company_memo: 'activities', work_report: 'activities', task_plan: 'activities', invitation: 'activities', whereabouts: 'activities', activity_target: 'activities', report_template: 'activities', pool: 'pools', dup_rule: 'duplicates', announcement: 'home',
}
/** The page about what is on the screen now. */
export function pageFor(path: string, query: Record<string, unknown> = {}): HelpPage {
  if (path === '/' || path.startsWith('/alerts')) return 'home'
  if (path.startsWith('/approvals') || path.startsWith('/admin/approvals')) return 'approvals'
  if (path.startsWith('/admin/automation')) return 'automation'
  if (path.startsWith('/r/')) return path.startsWith('/r/activities') ? 'activities' : 'opportunities'
  if (path.startsWith('/recycle')) return 'pools'
  const [, t, table, rest] = path.split('/')
  if (t === 'admin') return table === 'pools' ? 'pools' : 'admin'
  if (t !== 't') return 'start'
  if (rest === 'import') return 'import'
  if (rest === 'duplicates') return 'duplicates'
  if (query.look === 'calendar' || query.view === 'calendar') return 'calendar'
  if (rest) return OF_TABLE[table!] ?? 'records'
  return query.open ? 'records' : OF_TABLE[table!] ?? 'lists'
}

/* ---- a small Markdown: what the manual is written in ---- */
export type Inline = { kind: 'text' | 'strong' | 'em' | 'code'; text: string } | { kind: 'link'; text: string; to: string }
export interface Block { kind: 'h1' | 'h2' | 'p' | 'ul' | 'ol'; lines: Inline[][] }

export function inline(s: string): Inline[] {
  const out: Inline[] = []
  const re = /\*\*([^*]+)\*\*|\*([^*]+)\*|`([^`]+)`|\[([^\]]+)\]\(([^)]+)\)/g
  let at = 0
  for (let m = re.exec(s); m; m = re.exec(s)) {
    if (m.index > at) out.push({ kind: 'text', text: s.slice(at, m.index) })
    if (m[1] !== undefined) out.push({ kind: 'strong', text: m[1] })
    else if (m[2] !== undefined) out.push({ kind: 'em', text: m[2] })
    else if (m[3] !== undefined) out.push({ kind: 'code', text: m[3] })
    else out.push({ kind: 'link', text: m[4]!, to: m[5]! })
    at = re.lastIndex
  }
  if (at < s.length) out.push({ kind: 'text', text: s.slice(at) })
  return out
}
export function blocks(text: string): Block[] {
  const out: Block[] = []
  let open = false /* whether the next line goes on in the last block */
  for (const line of text.split('\n')) {
    const head = /^(#{1,2}) (.*)/.exec(line)
    const item = /^(-|\d+\.) (.*)/.exec(line)
    const last = out.at(-1)
    if (!line.trim()) open = false
    else if (head) {
      out.push({ kind: head[1]!.length === 1 ? 'h1' : 'h2', lines: [inline(head[2]!)] })
      open = false
    } else if (item) {
      const kind = item[1] === '-' ? 'ul' : 'ol'
      if (open && last?.kind === kind) last.lines.push(inline(item[2]!))
      else out.push({ kind, lines: [inline(item[2]!)] })
      open = true
    } else if (open && last) last.lines[last.lines.length - 1]!.push(...inline(' ' + line.trim()))
    else {
      out.push({ kind: 'p', lines: [inline(line)] })
      open = true
    }
  }
  return out
}
export const titleOf = (text: string): string => /^# (.*)/m.exec(text)?.[1] ?? ''

export interface HelpHit { page: HelpPage; title: string; text: string; part: string }
/** Paragraphs that have all the words; titles first. */
export function find(all: [HelpPage, string][], q: string): HelpHit[] {
  const words = fold(q).split(/\s+/).filter(Boolean)
  if (!words.length) return []
  const plain = (line: Inline[]): string => line.map((x) => x.text).join('')
  const hits = all.flatMap(([page, text]) => {
    const title = titleOf(text)
    let part = ''
    return blocks(text).flatMap((b) => {
      if (b.kind === 'h2') part = plain(b.lines[0]!)
      return b.lines.map(plain).filter((s) => words.every((w) => fold(s).includes(w))).map((s) => ({ page, title, part, text: s, rank: b.kind === 'h1' ? 0 : b.kind === 'h2' ? 1 : 2 }))
    })
  })
  return hits.sort((a, b) => a.rank - b.rank).slice(0, 30)
}
