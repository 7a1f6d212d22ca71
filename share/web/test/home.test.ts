// home.test.ts - tiles, their arrangement and their addresses; the manual and which page is about what.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { blocks, find, inline, PAGES, pageFor, titleOf, type HelpPage } from '../src/core/help'
import { moved, pointsOf, sized, sourceLink, sourceOf, type Offer, type Source } from '../src/core/home'
import { setLocale } from '../src/core/i18n'
import { start } from '../src/core/session'
import type { Meta, Sums } from '../src/core/types'

beforeAll(async () => {
  start.value = { user: { id: 1, name: 'A', login: 'a' }, company: { name: 'C', country: 'VN', currency: 'VND', zone: 'Asia/Ho_Chi_Minh' }, locales: [], nav: [], groups: [], perms: [] }
  await setLocale('en')
})
const meta = { table: 'lead', title: 'name', fields: [
  { name: 'status', type: 'pick', label: 'Status', options: [{ value: 'new', label: 'New', color: 'blue' }, { value: 'won', label: 'Won', color: 'green' }] },
  { name: 'closed_on', type: 'date', label: 'Closed' }, { name: 'stage_id', type: 'ref', of: 'stage', label: 'Stage' },
] } as unknown as Meta
const sums = (groups: [unknown, number][]): Sums => ({ groups: groups.map(([key, count]) => ({ key: [key], count })), total: { count: 0 }, exact: true, more: false }) as Sums
const source = (s: Partial<Source>): Source => ({ table: 'lead', kind: 'bar', columns: [], ...s })

describe('tiles', () => {
  test('choices stand in their own order, months without holes, stages by theirs', () => {
    expect(pointsOf(meta, source({ by: 'status' }), sums([['won', 9], ['new', 2]])).map((b) => b.label)).toEqual(['New', 'Won'])
    expect(pointsOf(meta, source({ by: 'closed_on:month' }), sums([['2026-11-01', 1], ['2026-08-01', 4], [null, 3]])).map((b) => [b.key, b.tally.count])).toEqual([['2026-08-01', 4], ['2026-09-01', 0], ['2026-10-01', 0], ['2026-11-01', 1]])
    expect(pointsOf(meta, source({ by: 'stage_id', kind: 'funnel' }), sums([[7, 9], [3, 2], [null, 1]])).map((b) => b.key)).toEqual([3, 7])
  })
  test('a click leads to what was counted', () => {
    const o: Offer = { name: 'leads.hot', label: 'Hot', kind: 'bar', table: 'lead', view: 'mine', filter: ['rating', '=', 'hot'], by: 'status', sum: null, columns: [], width: 6 }
    const s = sourceOf({ tile: 'leads.hot', w: 6 }, [o])!
    const q = new URLSearchParams(sourceLink(s, ['status', '=', 'new']).split('?')[1])
    expect([q.get('view'), JSON.parse(q.get('f')!)]).toEqual(['mine', { and: [['rating', '=', 'hot'], ['status', '=', 'new']] }])
    expect(sourceLink(source({}))).toBe('/t/lead')
    expect(sourceOf({ tile: 'gone.tile', w: 3 }, [o])).toBeUndefined()
  })
  test('moving and sizing stay within bounds', () => {
    const all = ['a', 'b', 'c'].map((tile) => ({ tile, w: 3 }))
    expect(moved(all, 0, 2).map((s) => s.tile)).toEqual(['b', 'c', 'a'])
    expect(moved(all, 2, -1).map((s) => s.tile)).toEqual(['c', 'a', 'b'])
    expect([sized({ tile: 'a', w: 12 }, 1).w, sized({ tile: 'a', w: 2 }, -1).w, sized({ tile: 'a', w: 4 }, 1).w]).toEqual([12, 2, 6])
  })
})

const ROOT = resolve(import.meta.dirname, '../../doc/user')
const LOCALES = ['en', 'zh-CN', 'zh-TW', 'vi']
const read = (l: string, p: string): string => readFileSync(join(ROOT, l, p + '.md'), 'utf8')
describe('the manual', () => {
  test('every page is there in every language, with the same sections', () => {
    for (const l of LOCALES) {
      expect(readdirSync(join(ROOT, l)).sort()).toEqual([...PAGES].map((p) => p + '.md').sort())
      for (const p of PAGES) expect([l, p, blocks(read(l, p)).map((b) => b.kind)]).toEqual([l, p, blocks(read('en', p)).map((b) => b.kind)])
    }
  })
  test('it calls buttons and places as they are called on the screen', () => {
    const unknown: string[] = []
    for (const l of LOCALES) {
      const files = ['../src/locales', '../src/locales/pages', '../../i18n', ...readdirSync(resolve(import.meta.dirname, '../../../plugins')).map((p) => `../../../plugins/${p}/i18n`)]
      const words = new Set(files.flatMap((f) => { try { return Object.values(JSON.parse(readFileSync(resolve(import.meta.dirname, f, l + '.json'), 'utf8')) as Record<string, string>) } catch { return [] } }).map((w) => w.toLowerCase().replace(/[…？?]$/, '')))
      for (const p of PAGES)
        for (const b of blocks(read(l, p))) for (const line of b.lines) for (const x of line)
          if (x.kind === 'em') for (const part of x.text.split(' → ')) if (part !== '⋯' && !words.has(part.toLowerCase().replace(/[…？?]$/, ''))) unknown.push(`${l} ${p}: ${part}`)
    }
    expect(unknown).toEqual([])
  })
  test('its links lead to pages', () => {
    for (const l of LOCALES) for (const p of PAGES) for (const b of blocks(read(l, p))) for (const line of b.lines) for (const x of line) if (x.kind === 'link') expect(PAGES).toContain(x.to)
  })
  test('a search finds paragraphs with all the words, marks or not', () => {
    const all = PAGES.map((p): [HelpPage, string] => [p, read('vi', p)])
    expect(find(all, 'bon so cuoi')[0]?.page).toBe('search')
    expect(find(all, 'qqqq')).toEqual([])
    expect(titleOf(read('en', 'home'))).toBe('Home')
  })
  test('markup becomes pieces, never markup', () => {
    expect(inline('a **b** *c* `d` [e](f) <img>')).toEqual([{ kind: 'text', text: 'a ' }, { kind: 'strong', text: 'b' }, { kind: 'text', text: ' ' }, { kind: 'em', text: 'c' }, { kind: 'text', text: ' ' }, { kind: 'code', text: 'd' }, { kind: 'text', text: ' ' }, { kind: 'link', text: 'e', to: 'f' }, { kind: 'text', text: ' <img>' }])
  })
  test('each screen has its page', () => {
    const of = (path: string, q = {}): string => pageFor(path, q)
    expect([of('/'), of('/t/lead'), of('/t/lead', { open: '7' }), of('/t/lead/7'), of('/t/lead/import'), of('/t/customer/duplicates'), of('/t/activity', { look: 'calendar' }), of('/t/task'), of('/r/opportunities/funnel'), of('/recycle'), of('/settings'), of('/admin/roles/2'), of('/admin/pools'), of('/t/contact')])
      .toEqual(['home', 'lists', 'records', 'records', 'import', 'duplicates', 'calendar', 'activities', 'opportunities', 'pools', 'start', 'admin', 'pools', 'customers'])
  })
})
