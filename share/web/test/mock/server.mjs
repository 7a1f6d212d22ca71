// server.mjs - a small host in memory that answers as share/doc/rest.md says; for development and tests only.
// node test/mock/server.mjs [--port N] [--ui DIR] [--rows N] [--setup] [--delay MS]
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { metaOf, navOf, TABLES } from './meta.mjs'

const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types vue"
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json', '.txt': 'text/plain' }
const DAY = 86_400_000
const fold = (s) => String(s ?? '').normalize('NFKD').replace(/[\u0300-\u036f]/g, '').replace(/[đĐ]/g, 'd').toLowerCase()
const iso = (ms) => new Date(ms).toISOString()
const day = (ms) => iso(ms + 8 * 3600_000).slice(0, 10)

class Refusal extends Error {
  constructor(status, code, more = {}) {
    super(code)
    this.status = status
    this.body = { code, message: more.message ?? code, request: Math.random().toString(36).slice(2, 10), ...more }
  }
}

function seed(rows) {
  const now = Date.now()
  let s = 42
  const rnd = (n) => Math.floor(((s = (Math.imul(s, 1103515245) + 12345) & 0x7fffffff) / 2147483648) * n)
  const pick = (a) => a[rnd(a.length)]
  const db = Object.fromEntries(Object.keys(TABLES).map((t) => [t, new Map()]))
  const put = (table, id, row) => db[table].set(id, { id, version: 1, created_at: iso(now - 90 * DAY), created_by: 1, updated_at: iso(now - 90 * DAY), updated_by: 1, ...row })
  const people = [['Quản trị viên', 'admin', true], ['陈伟', 'chenwei'], ['李娜', 'lina'], ['Nguyễn Thị Hạnh', 'hanh'], ['Trần Văn Đức', 'duc'], ['林志明', 'ming'], ['Alice Wong', 'alice']]
  people.forEach(([name, login, admin], i) => put('user', i + 1, { name, login, password: 'berth-demo', admin: !!admin, active: true, department_id: 1 + (i % 3), role_ids: [admin ? 1 : 2], locale: i < 3 ? 'zh-CN' : 'vi' }))
  ;['销售一部', 'Phòng kinh doanh', 'Operations'].forEach((name, i) => put('department', i + 1, { name, parent_id: i ? 1 : null, manager_id: i + 2 }))
  ;['Administrator', '销售', '经理'].forEach((name, i) => put('role', i + 1, { name, note: null, rights: { lead: 'all' } }))
  ;[['lead', 'own'], ['pool', 'all']].forEach(([on_table, read_scope], i) => put('role_table', i + 1, { role_id: 2, on_table, read_scope, can_create: true }))
  ;['华东公海', 'Kho miền Nam'].forEach((name, i) => put('pool', i + 1, { name, claim_per_day: 10, claim_total: 200, lock_days: 7, members: [2, 3, 4] }))
  const A = ['深圳市', '宁波', '上海', '广州', '廈門', 'Công ty TNHH', 'Pacific', '苏州', 'Công ty CP', '青岛']
  const B = ['锦程', '嘉宏', 'Vận Tải Biển', '顺丰达', 'Thành Công', 'Blue Ocean', '鹏仁', '隆源', 'Điện tử Vân Mai', '文秋飞']
  const C = ['国际货运代理有限公司', '进出口贸易有限公司', 'Logistics', '電子股份有限公司', 'Việt Nam', 'Trading Co., Ltd', '机电有限公司', 'Furniture']
  const lanes = ['na', 'eu', 'sea', 'jk', 'me', 'af']
  for (let i = 1; i <= rows; i++) {
    const pool = i % 4 === 0 ? 1 + rnd(2) : null
    const created = now - rnd(200) * DAY - rnd(DAY)
    put('lead', i, {
      name: `${pick(A)}${pick(B)}${pick(C)} ${String(i).padStart(4, '0')}`, status: pick(['new', 'new', 'contacted', 'contacted', 'qualified', 'converted', 'dropped']),
      rating: pick(['hot', 'warm', 'warm', 'cold', null]), key: rnd(9) === 0, source: pick(['fair', 'web', 'call', 'agent', 'import']), industry: pick(['家具', '电子', 'Dệt may', 'Machinery', null]),
      contact: pick(['王芳', '张强', 'Phạm Minh Tuấn', 'John Smith', '黃雅婷', 'Lê Thu Hà']), position: pick(['经理', 'Purchasing', null]), phone: `+86 138${String(10000000 + i * 37)}`, fax: rnd(3) ? null : `+86 21 ${5000000 + i}`,
      email: rnd(4) ? `sales${i}@example${i % 97}.com` : null, website: rnd(3) ? null : `www.example${i % 97}.com`, country: pick(['CN', 'VN', 'TW', 'CN', 'US', 'DE']), address: null, lanes: [pick(lanes), pick(lanes)].filter((x, n, a) => a.indexOf(x) === n),
      supplier: pick(['中远海运', 'Maersk', null]), commodity: pick(['家具', '服装', 'Máy móc', null]), volume: rnd(400), revenue: `${rnd(9_000_000)}.${rnd(2) ? '50' : '00'}`, next_date: rnd(4) ? day(now + (rnd(60) - 20) * DAY) : null,
      touched_at: iso(now - rnd(60) * DAY), notes: rnd(5) ? null : '客户要求周五前报价。\nKhách hỏi giá LCL Hải Phòng → Hamburg.', owner_id: pool ? null : 1 + rnd(people.length), pool_id: pool,
      created_at: iso(created), created_by: 1 + rnd(people.length), updated_at: iso(created), updated_by: 1,
    })
  }
  return db
}

/* ---- filters ---- */
function macro(v, me) {
  if (v === '@me') return me
  const m = /^@(today|now)([+-]\d+)?d?$/.exec(String(v))
  if (!m) return v
  const at = Date.now() + Number(m[2] ?? 0) * DAY
  return m[1] === 'today' ? day(at) : iso(at)
}
function test(row, x, me) {
  if (!x) return true
  if (x.and) return x.and.every((y) => test(row, y, me))
  if (x.or) return x.or.some((y) => test(row, y, me))
  if (x.not) return !test(row, x.not, me)
  const [name, op, raw] = x
  const v = row[name] ?? null
  const w = Array.isArray(raw) ? raw.map((y) => macro(y, me)) : macro(raw, me)
  const empty = v === null || v === '' || (Array.isArray(v) && !v.length)
  const num = (a) => (typeof a === 'string' && /^-?\d+(\.\d+)?$/.test(a) ? Number(a) : a)
  switch (op) {
    case 'empty': return empty
    case 'not empty': return !empty
    case 'in': return [].concat(v).some((y) => w.includes(y))
    case 'not in': return ![].concat(v).some((y) => w.includes(y))
    case '~': return fold(v).includes(fold(w))
    case '^': return fold(v).startsWith(fold(w))
    case '=': return Array.isArray(v) ? v.includes(w) : num(v) === num(w)
    case '!=': return num(v) !== num(w)
    case '<': return !empty && num(v) < num(w)
    case '<=': return !empty && num(v) <= num(w)
    case '>': return !empty && num(v) > num(w)
    case '>=': return !empty && num(v) >= num(w)
    case 'within': return !empty && (Array.isArray(w) ? (w[0] === null || v >= w[0]) && (w[1] === null || v.slice(0, 10) <= w[1]) : v.slice(0, 10) === day(Date.now())) /* of periods: today only */
    default: throw new Refusal(400, 'bad_request')
  }
}

export function mock({ rows = 2400, setup = false, delay = 0 } = {}) {
  const db = seed(rows)
  const bin = Object.fromEntries(Object.keys(TABLES).map((t) => [t, new Map()]))
  const history = []
  const jobs = new Map()
  const imports = new Map()
  const sessions = new Map()
  let tokens = []
  let serial = 100_000
  let fresh = setup
  const lastId = Object.fromEntries(Object.entries(db).map(([t, m]) => [t, Math.max(0, ...m.keys())]))

  const need = (table) => TABLES[table] ?? (() => { throw new Refusal(404, 'not_found') })()
  const titleOf = (table, id) => db[table]?.get(id)?.[TABLES[table].title]
  const strip = ({ password, ...row }) => row
  function refsOf(table, list) {
    const refs = {}
    const add = (t, id) => { if (id && titleOf(t, id)) (refs[t] ??= {})[id] = titleOf(t, id) }
    for (const r of list) {
      for (const f of TABLES[table].fields) if (f.type === 'ref') [].concat(r[f.name] ?? []).forEach((id) => add(f.of, id))
      add('user', r.created_by); add('user', r.updated_by)
    }
    return refs
  }
  const log = (table, id, by, op, changes = [], note = null) => history.unshift({ id: ++serial, table, record: id, at: iso(Date.now()), by, op, changes, note })
  const rec = (table, row) => ({ row: strip(row), refs: refsOf(table, [row]) })
  function can(table, row, me) {
    const t = TABLES[table]
    const actions = table !== 'lead' ? t.actions.map((a) => a.name) : row.pool_id ? ['claim'] : row.owner_id === me.id || me.admin ? ['release', 'transfer'] : []
    return { update: me.admin || t.group === 'main', delete: me.admin || t.group === 'main', actions }
  }
  function get(table, id) {
    need(table)
    const row = db[table].get(Number(id))
    if (!row) throw new Refusal(404, 'not_found', { message: 'It does not exist.' })
    return row
  }
  const defaults = (table) => Object.fromEntries(TABLES[table].fields.filter((f) => f.default !== null).map((f) => [f.name, f.default]))
  function validate(table, body, whole) {
    const fields = {}
    for (const f of TABLES[table].fields) {
      const v = body[f.name]
      if (f.required && (whole || f.name in body) && (v === undefined || v === null || v === '')) fields[f.name] = { code: 'required', message: 'Required.' }
      else if (f.type === 'email' && v && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(v)) fields[f.name] = { code: 'email', message: 'Not an e-mail address.' }
      else if (f.max && typeof v === 'string' && [...v].length > f.max) fields[f.name] = { code: 'too_long', message: `At most ${f.max} characters.` }
      if (f.unique && v && [...db[table].values()].some((r) => r[f.name] === v && r.id !== body.id)) fields[f.name] = { code: 'unique', message: 'Already taken.' }
    }
    for (const k of Object.keys(body)) if (!['id', 'version'].includes(k) && !TABLES[table].fields.some((f) => f.name === k)) fields[k] = { code: 'unknown', message: 'No such field.' }
    if (Object.keys(fields).length) throw new Refusal(422, 'invalid', { message: 'Some values are not right.', fields })
  }
  const digits = (s) => String(s ?? '').replace(/\D/g, '').replace(/^(86|0)/, '')
  const keyOf = (f, v) => (f.type === 'phone' ? digits(v) : fold(v).replace(/[\s.,()（）-]/g, ''))
  const keys = (table) => TABLES[table].fields.filter((f) => f.duplicate)
  function duplicates(table, body, not) {
    const found = new Map()
    for (const f of keys(table)) {
      const k = body[f.name] && keyOf(f, body[f.name])
      if (k) for (const r of db[table].values()) if (r.id !== not && r[f.name] && keyOf(f, r[f.name]) === k) found.set(r.id, [...(found.get(r.id) ?? []), f.name])
    }
    return [...found].slice(0, 10).map(([id, by]) => ({ table, id, title: titleOf(table, id), by }))
  }
  function insert(table, body, by, op = 'create') {
    const row = { id: ++lastId[table], version: 1, created_at: iso(Date.now()), created_by: by, updated_at: iso(Date.now()), updated_by: by }
    for (const f of TABLES[table].fields) row[f.name] = body[f.name] ?? (typeof f.default === 'string' && f.default[0] === '@' ? null : f.default)
    if (table === 'lead' && !row.pool_id) row.owner_id ??= by
    db[table].set(row.id, row)
    log(table, row.id, by, op)
    return row
  }
  function change(table, row, patch, by, op = 'update', note = null) {
    const changes = []
    for (const [k, v] of Object.entries(patch)) if (JSON.stringify(row[k] ?? null) !== JSON.stringify(v)) { changes.push({ field: k, from: row[k] ?? null, to: v }); row[k] = v }
    if (changes.length || op !== 'update') Object.assign(row, { version: row.version + 1, updated_at: iso(Date.now()), updated_by: by })
    if (changes.length || op !== 'update') log(table, row.id, by, op, changes, note)
  }
  function remove(table, id, by) {
    const row = get(table, id)
    db[table].delete(row.id)
    if (TABLES[table].is.bin) bin[table].set(row.id, row)
    log(table, row.id, by, 'delete')
  }
  const search = (table, row, q) => TABLES[table].fields.some((f) => f.search && fold(row[f.name]).includes(fold(q)))
  function query(table, p, me) {
    const t = need(table)
    const view = t.views.find((v) => v.name === p.get('view'))
    const own = p.get('filter') ? JSON.parse(p.get('filter')) : null
    let list = [...(p.get('bin') ? bin : db)[table].values()].filter((r) => test(r, view?.filter, me) && test(r, own, me) && (!p.get('q') || search(table, r, p.get('q'))))
    const sort = ((p.get('sort')?.split(',') ?? view?.sort)?.length ? p.get('sort')?.split(',') ?? view.sort : ['-id']).filter(Boolean)
    const num = (v) => (typeof v === 'string' && /^-?\d+(\.\d+)?$/.test(v) ? Number(v) : v)
    list.sort((a, b) => {
      for (const s of [...sort, 'id']) {
        const k = s.replace(/^-/, ''), d = s[0] === '-' ? -1 : 1
        const x = num(a[k] ?? null), y = num(b[k] ?? null)
        if (x === y) continue
        if (x === null) return d
        if (y === null) return -d
        return (x < y ? -1 : 1) * d
      }
      return 0
    })
    return list
  }
  function job(kind, by, total, work) {
    const j = { id: ++serial, kind, state: 'queued', progress: 0, done: 0, total, rate: 0, remaining: 0, result: null, error: null }
    jobs.set(j.id, j)
    const begun = Date.now()
    const step = Math.max(1, Math.ceil(total / 12))
    const tick = () => {
      if (j.state === 'cancelled') return
      j.state = 'running'
      work(j.done, Math.min(total, j.done + step), j)
      j.done = Math.min(total, j.done + step)
      j.progress = total ? j.done / total : 1
      j.rate = Math.round(j.done / Math.max(0.001, (Date.now() - begun) / 1000))
      j.remaining = Math.round((total - j.done) / Math.max(1, j.rate))
      if (j.done >= total) j.state = 'done'
      else setTimeout(tick, 60)
    }
    setTimeout(tick, 30)
    return { job: j.id }
  }

  /* ---- import: CSV only; the real host reads the rest ---- */
  function csv(text, sep) {
    const out = [[]]
    let cell = '', quoted = false
    for (let i = 0; i < text.length; i++) {
      const c = text[i]
      if (quoted) { if (c === '"' && text[i + 1] === '"') { cell += '"'; i++ } else if (c === '"') quoted = false; else cell += c }
      else if (c === '"') quoted = true
      else if (c === sep) { out.at(-1).push(cell); cell = '' }
      else if (c === '\n') { out.at(-1).push(cell.replace(/\r$/, '')); cell = ''; out.push([]) }
      else cell += c
    }
    if (cell || out.at(-1).length) out.at(-1).push(cell)
    return out.filter((r) => r.some((x) => x !== ''))
  }
  function looked(im, locale) {
    const text = new TextDecoder(im.encoding).decode(im.bytes).replace(/^\ufeff/, '')
    im.rows = csv(text, im.separator)
    const head = im.rows[im.header_row - 1] ?? []
    const body = im.rows.slice(im.header_row)
    const fields = TABLES[im.table].fields.filter((f) => !f.readonly)
    const guess = (h) => fields.find((f) => f.name === fold(h).trim() || f.label.some((l) => fold(l) === fold(h).trim()))?.name ?? null
    return {
      import: im.id, name: im.name, kind: 'csv', sheets: [{ name: 'Sheet1', rows: body.length }], sheet: 0, header_row: im.header_row, encoding: im.encoding, separator: im.separator,
      columns: head.map((h, index) => ({ index, header: h, samples: body.slice(0, 5).map((r) => r[index] ?? ''), field: guess(h) })),
      fields: metaOf(im.table, locale, true).fields.filter((f) => !f.readonly).map((x) => ({ name: x.name, label: x.label, required: x.required && x.default === null })),
    }
  }
  function runImport(im, body, me) {
    im.out = []
    const seen = new Map()
    const letter = (i) => String.fromCharCode(65 + i)
    const lines = im.rows.slice(body.header_row)
    const result = { dry: body.dry, rows: lines.length, new: 0, updated: 0, same: 0, duplicate: 0, invalid: 0 }
    const fieldsBy = Object.fromEntries(TABLES[im.table].fields.map((f) => [f.name, f]))
    const one = (cells, n) => {
      const row = n + body.header_row + 1
      const values = {}
      for (const [i, name] of Object.entries(body.map)) if ((cells[i] ?? '').trim() !== '') values[name] = fieldsBy[name].type === 'int' ? Number(cells[i]) : cells[i].trim()
      const at = (name) => letter(Number(Object.entries(body.map).find(([, x]) => x === name)?.[0] ?? 0)) + row
      const base = { row, record: null, title: values.name ?? null, by: [], cell: null, message: null, cells }
      try { validate(im.table, { ...defaults(im.table), ...values }, true) } catch (e) {
        const [name, why] = Object.entries(e.body.fields)[0]
        return { ...base, outcome: 'invalid', cell: at(name), message: why.message }
      }
      const match = duplicates(im.table, values)[0]
      if (match && body.mode !== 'create') {
        if (!body.dry) change(im.table, db[im.table].get(match.id), values, me.id, 'import')
        return { ...base, outcome: 'updated', record: match.id, title: match.title, by: match.by }
      }
      if (match) return { ...base, outcome: 'duplicate', record: match.id, title: match.title, by: match.by }
      for (const f of keys(im.table)) {
        const k = values[f.name] && f.name + keyOf(f, values[f.name])
        if (k && seen.has(k)) return { ...base, outcome: 'duplicate', by: [f.name], message: `Same as row ${seen.get(k)}` }
        if (k) seen.set(k, row)
      }
      if (body.dry) return { ...base, outcome: 'new' }
      return { ...base, outcome: 'new', record: insert(im.table, { ...values, pool_id: body.pool_id ?? null }, me.id, 'import').id }
    }
    return job('import', me.id, lines.length, (from, to, j) => {
      for (let n = from; n < to; n++) { const r = one(lines[n], n); im.out.push(r); result[r.outcome]++ }
      j.result = result
    })
  }

  /* ---- routes ---- */
  async function route(req, res, u, me, body) {
    const locale = u.searchParams.get('locale') ?? 'en'
    const m = req.method
    const [a, b, c] = u.pathname.slice(5).split('/').map(decodeURIComponent)
    const p = u.searchParams
    if (a === '_public') return [200, { setup: fresh, locales: ['zh-CN', 'zh-TW', 'vi', 'en'], version: '0.1.0', demo: [...db.user.values()].slice(0, 4).map((x) => ({ login: x.login, password: x.password, name: x.name, role: x.admin ? 'Administrator' : '销售' })) }]
    const signIn = (user) => {
      const id = Math.random().toString(36).slice(2)
      sessions.set(id, user.id)
      res.setHeader('Set-Cookie', `berth=${id}; Path=/; HttpOnly; SameSite=Lax`)
    }
    if (a === '_session' && m === 'POST') {
      const user = [...db.user.values()].find((x) => x.login === body.login && x.password === body.password)
      if (!user) throw new Refusal(401, 'bad_login')
      signIn(user)
      return [200, { user: strip(user) }]
    }
    if (a === '_setup') {
      if (!fresh || body.token !== 'one-time') throw new Refusal(403, 'denied', { message: 'The link is no longer good.' })
      fresh = false
      const user = db.user.get(1)
      Object.assign(user, { login: body.login, name: body.name, password: body.password })
      signIn(user)
      return [200, { user: strip(user) }]
    }
    if (!me) throw new Refusal(401, 'sign_in')
    if (a === '_session' && m === 'DELETE') { for (const [k, v] of sessions) if (v === me.id) sessions.delete(k); return [204] }
    if (a === '_password') {
      if (body.old !== me.password) throw new Refusal(422, 'invalid', { fields: { old: { code: 'wrong', message: 'Wrong password.' } } })
      me.password = body.new
      return [204]
    }
    if (a === '_token') {
      if (m === 'GET') return [200, { tokens: tokens.map(({ secret, ...x }) => x) }]
      if (m === 'DELETE') { tokens = tokens.filter((x) => x.id !== Number(b)); return [204] }
      const t = { id: ++serial, name: body.name, created_at: iso(Date.now()), expires_at: iso(Date.now() + body.days * DAY), last_used_at: null, secret: 'brt_' + Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2) }
      tokens.push(t)
      return [201, { id: t.id, name: t.name, token: t.secret }]
    }
    if (a === '_home') return [200, { tiles: [], layout: [{ tile: 'todo', w: 8 }, { tile: 'news', w: 4 }, { tile: 'recent', w: 6 }], mine: false, roles: [] }]
    if (a === '_todo') return [200, { today: new Date().toISOString().slice(0, 10), waiting: [] }]
    if (a === '_news') return [200, { news: [] }]
    if (a === '_start') return [200, { user: { id: me.id, name: me.name, login: me.login, locale: me.locale, admin: me.admin }, company: { name: '海达国际物流', country: 'CN', currency: 'CNY', zone: 'Asia/Shanghai' }, locales: ['zh-CN', 'zh-TW', 'vi', 'en'], nav: navOf(locale, me.admin), groups: [{ name: 'main', label: 'CRM' }, ...(me.admin ? [{ name: 'admin', label: 'Administration' }] : [])], perms: ['leads.claim'] }]
    if (a === '_meta') { need(b); return [200, metaOf(b, locale, me.admin)] }
    if (a === '_alert') return [200, b === '_prefs' ? { mail: 'urgent', quiet_from: null, quiet_to: null, muted: [] } : { alerts: [], next: null, open: 0 }]
    if (a === '_events') return [204, null]
    if (a === '_search') {
      const results = []
      for (const table of Object.keys(TABLES)) for (const r of db[table].values()) { if (results.length >= 12) break; if (search(table, r, p.get('q'))) results.push({ table, id: r.id, title: r[TABLES[table].title], sub: r.contact ?? r.login ?? '' }) }
      return [200, { results }]
    }
    if (a === '_job') {
      const j = jobs.get(Number(b))
      if (!j) throw new Refusal(404, 'not_found')
      if (m === 'DELETE') { j.state = 'cancelled'; return [204] }
      return [200, j]
    }
    if (a === '_import' && m === 'POST' && TABLES[b]) {
      const name = p.get('name') ?? ''
      if (!/\.(csv|tsv|txt)$/i.test(name)) throw new Refusal(415, 'bad_type', { message: 'The mock reads CSV only.' })
      const text = body.toString('utf8')
      const im = { id: ++serial, table: b, name, bytes: body, encoding: text.includes('\ufffd') ? 'GB18030' : 'UTF-8', separator: [',', ';', '\t'].sort((x, y) => text.split(y).length - text.split(x).length)[0], header_row: 1 }
      imports.set(im.id, im)
      return [201, looked(im, locale)]
    }
    if (a === '_import' && m === 'GET' && TABLES[b]) return [200, { imports: [], next: null }]
    if (a === '_import') {
      const im = imports.get(Number(b))
      if (!im) throw new Refusal(404, 'not_found')
      if (c === 'look') { Object.assign(im, { header_row: body.header_row ?? 1, encoding: body.encoding ?? im.encoding, separator: body.separator ?? im.separator }); return [200, looked(im, locale)] }
      if (c === 'run') return [202, runImport(im, body, me)]
      if (c === 'rows') {
        const list = im.out.filter((r) => r.outcome === p.get('outcome'))
        const from = Number(p.get('after') || 0)
        return [200, { rows: list.slice(from, from + 50), next: list.length > from + 50 ? String(from + 50) : null }]
      }
      if (c?.startsWith('rejected')) {
        res.setHeader('Content-Type', 'text/csv; charset=utf-8')
        res.setHeader('Content-Disposition', `attachment; filename="${c}"`)
        return [200, '\ufeff' + im.out.filter((r) => r.outcome === 'duplicate' || r.outcome === 'invalid').map((r) => [...r.cells, r.message ?? r.by.join()].join(',')).join('\r\n')]
      }
    }
    const table = a
    const t = need(table)
    const action = t.actions.find((x) => x.name === (c ?? b))
    const perform = (row, form) => {
      if (action.name === 'claim') { if (!row.pool_id) throw new Refusal(409, 'conflict', { message: 'It was claimed by someone else.' }); change(table, row, { owner_id: me.id, pool_id: null }, me.id, 'claim') }
      else if (action.name === 'release') change(table, row, { owner_id: null, pool_id: form.pool_id ?? 1 }, me.id, 'release', form.reason ?? null)
      else if (action.name === 'transfer') change(table, row, { owner_id: form.to_id }, me.id, 'transfer', form.reason ?? null)
      else change(table, row, { active: false }, me.id, action.name)
    }
    if (!b && m === 'GET') {
      const list = query(table, p, me.id)
      const limit = Math.min(500, Number(p.get('limit') || 50))
      const from = Number(p.get('after') || 0)
      const fields = p.get('fields')?.split(',')
      const page = list.slice(from, from + limit).map(strip)
      return [200, {
        rows: fields ? page.map((r) => Object.fromEntries(Object.entries(r).filter(([k]) => fields.includes(k)))) : page, refs: refsOf(table, page), next: list.length > from + limit ? String(from + limit) : null,
        ...(p.get('count') ? { total: Math.min(10000, list.length), total_exact: list.length <= 10000 } : {}),
      }]
    }
    if (b === '_aggregate') { /* counts only */
      const list = query(table, p, me.id)
      const by = p.get('group')?.split(':')[0]
      const groups = new Map()
      for (const r of by ? list : []) for (const v of [].concat(r[by] ?? null)) groups.set(v, (groups.get(v) ?? 0) + 1)
      return [200, { groups: [...groups].map(([key, count]) => ({ key: [key], count })), total: { count: list.length }, exact: true, more: false, refs: refsOf(table, list.slice(0, 100)) }]
    }
    if (!b && m === 'POST') {
      body = { ...defaults(table), ...body }
      validate(table, body, true)
      const matches = p.get('duplicates') === 'allow' ? [] : duplicates(table, body)
      if (matches.length) throw new Refusal(409, 'duplicate', { matches })
      return [201, rec(table, insert(table, body, me.id))]
    }
    if (b === '_bulk') {
      const q = new URLSearchParams()
      if (body.filter) q.set('filter', JSON.stringify(body.filter))
      if (body.q) q.set('q', body.q)
      const ids = body.ids ?? query(table, q, me.id).map((r) => r.id)
      return [202, job('bulk', me.id, ids.length, (from, to) => { for (const id of ids.slice(from, to)) if (db[table].has(id)) body.delete ? remove(table, id, me.id) : change(table, db[table].get(id), body.patch, me.id) })]
    }
    if (action && !c && m === 'POST') {
      const failed = []
      let done = 0
      for (const id of body.ids) try { perform(get(table, id), body.form ?? {}); done++ } catch (e) { failed.push({ id, error: e.body }) }
      return [200, { done, failed }]
    }
    if (c === '_files') return [200, { files: [], refs: {}, may: { add: true }, max: 1e8 }]
    if (c === '_about') return [200, { follow: false, may: { tag: true }, labels: { tags: [], all: [] } }]
    if (c === '_timeline') return [200, { entries: history.filter((h) => h.table === table && h.record === Number(b)).slice(0, 50).map(({ table: _, record: __, ...h }) => ({ kind: 'history', ...h })), refs: { user: Object.fromEntries([...db.user.values()].map((x) => [x.id, x.name])), pool: Object.fromEntries([...db.pool.values()].map((x) => [x.id, x.name])) }, next: null }]
    if (c === '_restore') {
      const row = bin[table].get(Number(b))
      if (!row) throw new Refusal(404, 'not_found')
      bin[table].delete(row.id)
      db[table].set(row.id, row)
      log(table, row.id, me.id, 'restore')
      return [200, rec(table, row)]
    }
    const row = get(table, b)
    if (action && m === 'POST') { perform(row, body ?? {}); return [200, rec(table, row)] }
    if (m === 'GET') return [200, { ...rec(table, row), can: can(table, row, me) }]
    if (m === 'DELETE') { remove(table, row.id, me.id); return [204] }
    if (m === 'PATCH') {
      const version = Number(String(req.headers['if-match'] ?? body.version ?? '').replaceAll('"', ''))
      if (!version) throw new Refusal(400, 'bad_request')
      if (version !== row.version) throw new Refusal(409, 'stale', { current: strip(row), mine: body })
      validate(table, { ...body, id: row.id }, false)
      change(table, row, body, me.id)
      return [200, rec(table, row)]
    }
    throw new Refusal(404, 'not_found')
  }

  function file(req, res, u, dir) {
    const base = resolve(dir)
    let path = normalize(join(base, decodeURIComponent(u.pathname)))
    if (!path.startsWith(base) || !existsSync(path) || statSync(path).isDirectory()) path = extname(u.pathname) ? '' : join(base, 'index.html')
    if (!path || !existsSync(path)) { res.writeHead(404).end(); return }
    res.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream')
    res.setHeader('Cache-Control', u.pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    if (extname(path) === '.html') res.setHeader('Content-Security-Policy', CSP)
    res.setHeader('X-Content-Type-Options', 'nosniff')
    if (/gzip/.test(req.headers['accept-encoding'] ?? '') && existsSync(path + '.gz')) { res.setHeader('Content-Encoding', 'gzip'); path += '.gz' }
    createReadStream(path).pipe(res)
  }

  return async function handle(req, res, dir) {
    const u = new URL(req.url, 'http://x')
    if (!u.pathname.startsWith('/api/')) return file(req, res, u, dir)
    const parts = []
    for await (const part of req) parts.push(part)
    const raw = Buffer.concat(parts)
    if (delay) await new Promise((r) => setTimeout(r, delay))
    try {
      const sid = /berth=(\w+)/.exec(req.headers.cookie ?? '')?.[1]
      const bearer = /Bearer (\S+)/.exec(req.headers.authorization ?? '')?.[1]
      const me = db.user.get(sessions.get(sid) ?? (tokens.find((t) => t.secret === bearer) ? 1 : 0))
      if (req.method !== 'GET' && !bearer && req.headers['x-berth'] !== '1') throw new Refusal(403, 'csrf')
      const json = (req.headers['content-type'] ?? '').includes('json')
      const [status, out] = await route(req, res, u, me, json && raw.length ? JSON.parse(raw) : raw)
      if (typeof out === 'string') return res.writeHead(status).end(out)
      res.writeHead(status, { 'Content-Type': 'application/json', ...(out?.row ? { ETag: `"${out.row.version}"` } : {}) }).end(out === undefined ? undefined : JSON.stringify(out))
    } catch (e) {
      if (!(e instanceof Refusal)) console.error(e)
      const refusal = e instanceof Refusal ? e : new Refusal(500, 'failed', { message: String(e) })
      res.writeHead(refusal.status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error: refusal.body }))
    }
  }
}

/** Listens on the loopback; resolves with the base URL and how to stop. */
export function serve({ port = 0, ui, ...options } = {}) {
  const handle = mock(options)
  const server = createServer((req, res) => void handle(req, res, ui))
  return new Promise((ok) => server.listen(port, '127.0.0.1', () => ok({ url: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise((r) => { server.closeAllConnections(); server.close(r) }) })))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const arg = (name, or) => { const i = process.argv.indexOf('--' + name); return i < 0 ? or : process.argv[i + 1] }
  const { url } = await serve({
    port: Number(arg('port', 8080)), ui: arg('ui', process.env.BERTH_UI_OUT ?? resolve(import.meta.dirname, '../../../../build/share/ui')),
    rows: Number(arg('rows', 2400)), delay: Number(arg('delay', 0)), setup: process.argv.includes('--setup'),
  })
  console.log(url)
}
