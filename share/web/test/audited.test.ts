// audited.test.ts - whatever the host writes into the audit trail is told in the reader's language.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { peopleIn, told } from '../src/admin/audited'
import type { Registry } from '../src/admin/registry'
import { learnOne } from '../src/core/fmt'
import { aheadOfPages, locale, setLocale, worded } from '../src/core/i18n'

const field = (name: string, label: string, more: object = {}): object => ({ name, label, type: 'text', of: null, ...more })
const reg = {
  tables: [{ name: 'lead', label: '线索', fields: [field('name', '公司名称'), field('status', '状态', { type: 'pick', of: 'leads.status' }), field('active', '启用', { type: 'bool' }), field('user_id', '用户', { type: 'ref', of: 'user' })] }],
  dicts: [{ name: 'leads.status', items: [{ value: 'new', label: '新建' }, { value: 'won', label: '赢单' }] }],
} as unknown as Registry

const host = resolve(import.meta.dirname, '../../../host')
const source = readdirSync(host, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.c')).map((f) => readFileSync(join(host, f), 'utf8')).join('\n')
/* audit_add(c, "token", arena_fmt(c->a, "%lld ended", ...)): kind and wording */
const written = [...source.matchAll(/audit_(?:add|as|later)\((?:[^"();]|\([^()]*\))*"(\w+)",\s*(?:arena_fmt\((?:[^"();]|\([^()]*\))*)?"([^"]*)"/g)].map((m) => [m[1]!, m[2]!] as const)
const ELSEWHERE: [string, string][] = [
  ['export', 'lead: 12 rows as xlsx, view -, filter -, search -'], ['export', 'lead: 12 rows to /tmp/a.csv, from the command line'],
  ...['jobs', 'mails', 'mails that came in', 'sign-ins that were over'].map((x): [string, string] => ['retention', `${x}: 3`]),
  ['retention', 'history and audit trail up to seal 7 (history 40, audit 9) cut off, hash abcd'],
  ['retention', 'history and audit trail up to seal 7 (history 40, audit 9) cut off, hash abcd, sealed 1767225600000, 49 entries into a.jsonl'],
  ['handover', '4: of user 7 to a pool: lead'], ['handover', '4: of user 7 to |3|5|'],
  ['share', 'lead 7: An, read until 2027-01-01'], ['team', 'lead 7: An, cooperate'], ['unshare', 'lead 7: An'],
  ['rights', 'lead 7 update: status="new"->"won" active=false->true'], ['rights', 'lead 7 create: name="a b"'], ['rights', 'lead 7 delete: name=null'],
  ['taken', 'lead name=Hanse'], ['channel', 'zalo: on token'],
]

async function speak(l: string): Promise<void> {
  await setLocale(l)
  await aheadOfPages()
  await worded(async () => ({}))()
  expect(locale.value).toBe(l)
}

test.each(['zh-CN', 'zh-TW', 'vi'])('in %s nothing of it is English', async (l) => {
  await speak(l)
  expect(written.length).toBeGreaterThan(20)
  const samples = [...written.map(([kind, text]): [string, string] => [kind, text.replace(/%(lld|zu|d)/g, '7').replace(/%s/g, 'x')]).map(([kind, text]): [string, string] => [kind, kind === 'denied' ? 'GET /api/x' : text]), ...ELSEWHERE]
  const ours = /^(x|xlsx|tmp|csv|jsonl|abcd|token|zalo|lead|an|hanse|api|a|b)$/i
  for (const [kind, text] of samples) {
    const english = (text.match(/[A-Za-z][A-Za-z-]+/g) ?? []).filter((w) => !ours.test(w))
    const words = told(kind, text, reg).match(/[A-Za-zÀ-ỹ][A-Za-zÀ-ỹ-]+/g) ?? []
    expect([kind, text, words.filter((w) => english.includes(w))]).toEqual([kind, text, []])
  }
})

test('kinds that the host writes can be chosen, and have a name', () => {
  const vue = readFileSync(resolve(import.meta.dirname, '../src/admin/Audit.vue'), 'utf8')
  const kinds = [...new Set([...written.map(([kind]) => kind), ...[...source.matchAll(/audit_(?:add|as|later)\((?:[^"();]|\([^()]*\))*"(\w+)"/g)].map((m) => m[1]!)])]
  expect(kinds.filter((k) => !vue.includes(`'${k}'`))).toEqual([])
})

test('tables, fields, choices and people are called as they are on other screens', async () => {
  await speak('zh-CN')
  learnOne('user', 7, '陈伟')
  learnOne('user', 3, '李娜')
  expect(told('rights', 'lead 12 update: status="new"->"won" active=false->true name="a \\"b\\" c=d"->"" user_id=3->7', reg))
    .toBe('线索 #12，修改：状态：新建 → 赢单；启用：否 → 是；公司名称：a "b" c=d → 空；用户：李娜 → 陈伟')
  expect(told('session_end', 'user 7', reg)).toBe('陈伟')
  expect(told('handover', '4: of user 7 to |3|', reg)).toContain('陈伟 交给 李娜')
  expect(told('denied', 'PATCH /api/lead/7', reg)).toBe('修改 线索 #7')
  expect(told('export', 'lead: 12 rows as xlsx, view mine, filter ["status","=","new"], search 深圳, as it was at 2026-11-22T08:00:00Z', reg)).toMatch(/^线索：12 行，xlsx；视图 mine；筛选：状态.*新建；搜索：深圳；截至 2026/)
  expect(told('taken', 'lead name=Hanse a=b', reg)).toBe('线索；公司名称：Hanse a=b')
  expect(told('sign_in_failed', 'lead 12 update: x=1', reg)).toBe('lead 12 update: x=1') // what strangers typed stays as it is
  expect(peopleIn('4: of user 7 to |3|5|')).toEqual([7, 3, 5])
})
