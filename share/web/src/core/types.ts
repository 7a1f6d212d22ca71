// types.ts - the shapes of share/doc/rest.md, as the UI reads them.

export type FieldType =
  | 'text' | 'long' | 'phone' | 'email' | 'url' | 'int' | 'real' | 'bool'
  | 'money' | 'date' | 'time' | 'pick' | 'ref' | 'json' | 'file'

export type Op =
  | '=' | '!=' | '<' | '<=' | '>' | '>=' | '~' | '^' | 'in' | 'not in' | 'empty' | 'not empty' | 'within'

export type Filter =
  | [field: string, op: Op, value?: unknown]
  | { and: Filter[] } | { or: Filter[] } | { not: Filter }

export interface Option { value: string | number; label: string; color?: string | null; sub?: string }

export interface Field {
  name: string
  type: FieldType
  label: string
  help?: string | null
  group?: string | null
  required?: boolean
  readonly?: boolean
  custom?: boolean
  /** Administrators took it off forms and pages. */
  hidden?: boolean
  max?: number | null
  min?: number
  default?: unknown
  unique?: boolean
  many?: boolean
  list?: boolean
  sort?: boolean
  search?: boolean
  duplicate?: boolean
  /** A deadline: told as "in 3 days". */
  due?: boolean
  filter?: Op[]
  /** The dictionary, table or currency. */
  of?: string | null
  options?: Option[]
  /** Asked for only while this holds for the record. */
  when?: Filter | null
  /** Of a reference: what it may name; "@field" is a field of the record itself. */
  where?: Filter | null
  /** A reference to what is in order, as stages are: how a board shows all of them. */
  board?: { title: string; said?: string | null; place: string; color: string | null; parent: string | null }
}

export const LOOKS = ['list', 'board', 'calendar', 'tree', 'graph'] as const
export type Look = (typeof LOOKS)[number]
export interface View {
  name: string
  label: string
  look: Look
  columns: string[]
  filter?: Filter | null
  sort?: string[]
  /** Groups of a list, columns of a board, parent of a tree: "status", "created_at:month". */
  by?: string | null
  from?: string | null
  to?: string | null
  /** "amount", "volume:avg" */
  sums?: string[]
  widths?: Record<string, number> | null
  pinned?: boolean
  default?: boolean
  /** Asks for nothing but the reader's own records. */
  own?: boolean
  base?: string | null
  saved?: { id: number; version: number; mine: boolean; audience: string; owner?: string | null; department?: number; role?: number }
}

export type Numbers = Record<string, number | string | null>
export interface Tally { count: number; sum?: Numbers; avg?: Numbers; min?: Numbers; max?: Numbers }
export interface TallyGroup extends Tally { key: (string | number | boolean | null)[] }
export interface Sums { groups: TallyGroup[]; total: Tally; exact: boolean; more: boolean; refs?: Refs }

export interface NetNode { table: string; icon?: string | null; label: string; id: number; title: string | null }
export interface NetLink { by: string; table: string; icon?: string | null; label: string; nodes: { id: number; title: string | null }[]; next: string | null; cut?: boolean }
export interface Net { node: NetNode; links: NetLink[] }

export interface Action {
  name: string
  label: string
  bulk?: boolean
  danger?: boolean
  icon?: string | null
  form?: Field[]
}

export interface Meta {
  table: string
  plugin: string
  label: string
  one: string
  title: string
  /** The field that says the title in the reader's language, where it is not empty. */
  said?: string
  icon?: string | null
  rights: { create: boolean; update: boolean; delete: boolean; import: boolean; export: boolean }
  is: { owned?: boolean; pooled?: boolean; history?: boolean; bin?: boolean; custom?: boolean; public?: boolean }
  fields: Field[]
  groups: { name: string; label: string; columns?: number }[]
  views: View[]
  actions: Action[]
  /* what belongs to a record; through: the field of this table that names the record it belongs to */
  details: { table: string; label: string; by: string; through: string | null; part?: boolean; listed?: boolean }[]
  /* the next step: its day, its words, the action that does it */
  step?: { on: string; what: string | null; act: string | null } | null
  reports?: string[]
  /* a new record from one line of text: the route that reads it */
  line?: { path: string; label: string; example: string | null } | null
}

export interface User { id: number; name: string; login: string; locale?: string; admin?: boolean }
export interface Company { name: string; country: string; currency: string; zone: string }
/** `create`, `import`: whether the user may, of a table. */
export interface NavItem { to: string; table?: string | null; label: string; icon?: string; group?: string; line?: string; about?: string | null; fields?: string[]; create?: boolean; import?: boolean }
export interface PluginPage { plugin: string; id: string; label: string; tag: string; module: string; icon?: string | null; sdk: number }
export interface Start {
  pages?: PluginPage[]
  user: User
  /** The administrator who looks as the user. */
  viewer?: User
  company: Company
  locales: string[]
  languages?: Record<string, string>
  nav: NavItem[]
  groups: { name: string; label: string }[]
  perms: string[]
  words?: Record<string, string>
  left_out?: string // plugins that do not run after crashes, a line each; administrators only
}
export interface Demo { login: string; password: string; name: string; role?: string }
export interface Public { setup: boolean; locales?: string[]; languages?: Record<string, string>; words?: Record<string, string>; version?: string; demo?: Demo[] }

export type Row = { id: number; version?: number } & Record<string, unknown>
export type Refs = Record<string, Record<string, string>>
/** Places in a text: from, to. */
export type Marks = [number, number][]
export interface Found {
  results: {
    table: string
    id: number
    title: string
    marks?: Marks
    sub?: string | null
    found?: { field: string; label: string; text: string; marks: Marks }
  }[]
  groups?: { table: string; shown: number; more: boolean; late: boolean }[]
}
/** Of a row of which less may be done than the table's rights say; `locked`: by this approval. */
export interface RowCan { update?: boolean; delete?: boolean; locked?: string }
export interface Page {
  rows: Row[]
  can?: Record<string, RowCan>
  marks?: Record<string, Record<string, Marks>>
  refs?: Refs
  next: string | null
  total?: number
  total_exact?: boolean
}
/** `locked`: the approval that keeps it from being edited until it is over; `held`: those of the actions that wait for it. */
export interface Can { update?: boolean; delete?: boolean; actions?: string[]; held?: string[]; step?: boolean; approval?: boolean; locked?: string | null }
export interface Rec {
  row: Row
  refs?: Refs
  can?: Can
  /** Fields, "@files", "@notes": what the pool shows only to whom it belongs. */
  hidden?: string[]
  /** Something of it was put aside until this approval is given. */
  approval?: number
}

/** part: of a long text, what was exchanged. */
export interface Change { field: string; from: unknown; to: unknown; part?: boolean }
export interface Attachment { id: number; no: number; name: string; mime: string; size: number; at: string; by: number; thumbnail?: boolean
  look: 'image' | 'pdf' | 'text' | null; versions?: Attachment[] }
export interface FilesPage { files: Attachment[]; refs?: Refs; may: { add: boolean }; max: number }
/** One thing that happened around a record; which members are there depends on its kind. */
export interface Entry {
  kind: 'history' | 'note' | 'file' | 'mail' | 'row'
  id: number
  at: string
  by: number | null
  op?: string
  label?: string
  changes?: Change[]
  note?: string | null
  text?: string
  edited?: boolean
  mine?: boolean
  file?: Attachment
  /** Of a message: in, or what became of one that went out. */
  state?: string
  channel?: string
  to?: string
  from?: string
  subject?: string | null
  error?: string | null
  left_out?: number
  files?: string[] // that went along
  table?: string
  title?: string | null
  row?: Row
}
export interface Timeline { entries: Entry[]; refs?: Refs; next: string | null }
export interface Tag { id: number; name: string; color: string }
export interface About { follow: boolean; may: { tag: boolean; split?: boolean }; labels: { tags: Tag[]; all: Tag[] } }
export interface Alert {
  id: number
  text: string
  kind: string
  severity: number
  state: 'open' | 'waiting' | 'done'
  due_at: string
  at: string | null
  until: string | null
  table: string | null
  record: number | null
  title: string | null
  of_user: number | null
  by: number | null
}
export interface AlertPage { alerts: Alert[]; next: number | null; open: number }
export interface AlertPrefs { mail: 'never' | 'urgent' | 'all'; quiet_from: string | null; quiet_to: string | null; muted: string[]
  ways: Record<string, { to: string; when: 'never' | 'urgent' | 'all' }>; kinds: Record<string, string[]>; recent: { kind: string; text: string }[] }

export interface Match { table: string; id: number; title: string; by: string[] }
export interface FieldError { code: string; message?: string }
export interface ErrorBody {
  code: string
  message?: string
  request?: string
  fields?: Record<string, FieldError>
  matches?: Match[]
  blocked?: boolean
  into?: number
  current?: Row
  mine?: Record<string, unknown>
}

export interface Job {
  id: number
  kind: string
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled'
  progress: number
  done: number
  total: number
  rate?: number
  remaining?: number
  result?: ImportResult | Record<string, unknown> | null
  error?: string | null
}

export const BUCKETS = ['new', 'updated', 'same', 'duplicate', 'held', 'pool', 'elsewhere', 'conflict', 'missing', 'invalid'] as const
export type Bucket = (typeof BUCKETS)[number]
/** A word of the file that means a dictionary's item or a record: what it means, or null. */
export interface ImportWord { field: string; value: string; rows: number; to: string | number | null; known: boolean; title?: string | null }
export type ImportMode = 'create' | 'update' | 'both'
export type ImportResult = { dry: boolean; rows: number; values?: ImportWord[]; elsewhere_by?: Record<string, number>; totals?: number } & Partial<Record<Bucket, number>>
export type ImportMeanings = Record<string, Record<string, string | number | null>>
export interface ImportMapping { id: number; name: string | null; values?: ImportMeanings | null; mode?: ImportMode | null; match?: string[] | null; pool_id?: number | null; totals?: boolean | null }
export interface ImportPast {
  import: number
  table: string
  name: string
  at: string
  by: string | null
  job: number
  state: Job['state']
  options: { dry?: boolean } | null
  result: ImportResult | null
  undone_at: string | null
  /** What came of taking it back; kept: records that stayed. */
  undo?: ImportUndo | null
}
export interface ImportUndo { undone: number; restored: number; others?: number; kept: number; gone?: number }
export interface ImportColumn { index: number; header: string; samples: string[]; field: string | null; ids?: boolean }
export interface ImportLook {
  import: number
  name: string
  kind: string
  sheets: { name: string; rows: number }[]
  sheet: number
  header_row: number
  encoding?: string | null
  separator?: string | null
  columns: ImportColumn[]
  fields: { name: string; label: string; required?: boolean; duplicate?: boolean; match?: boolean; match_only?: boolean }[]
  mapping?: ImportMapping | null
  mappings?: { id: number; name: string; mine: boolean; shared: boolean; fits: boolean }[]
}
export interface ImportRow {
  row: number
  outcome: Bucket | 'kept' | 'undone'
  record: number | null
  table?: string | null
  title?: string | null
  by?: string[] | null
  cell?: string | null
  message?: string | null
  like?: number | null /* of a new row: the record of .table that .title names */
  cells: string[] | null
}

export interface Token { id: number; name: string; created_at?: string; expires_at?: string | null; last_used_at?: string | null }
