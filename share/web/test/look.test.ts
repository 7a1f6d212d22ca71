// look.test.ts - calendars, groups, graphs: what many records look like, without a screen.
import { beforeAll, describe, expect, test } from 'vitest'
import { dayBlocks, eventOf, page, rangeOf, resized, shifted, weekBars, weekStart, type Event } from '../src/core/calendar'
import { setLocale } from '../src/core/i18n'
import { looksOf } from '../src/core/look'
import { complete } from '../src/core/meta'
import { Web } from '../src/core/net'
import { start } from '../src/core/session'
import { bundles, keyFilter, keyText, measureOf, nextMonth, numberText, withFilter } from '../src/core/sums'
import type { Field, Meta, Net, Row, Sums } from '../src/core/types'
import { metaOf } from './mock/meta.mjs'

const field = (f: Partial<Field>): Field => ({ name: 'f', type: 'date', label: 'F', ...f })
beforeAll(async () => {
  start.value = {
    user: { id: 1, name: 'A', login: 'a' }, company: { name: 'C', country: 'VN', currency: 'VND', zone: 'Asia/Ho_Chi_Minh' },
    locales: [], nav: [], groups: [], perms: [],
  }
  await setLocale('en')
})

describe('calendar', () => {
  const from = field({ name: 'a' })
  const to = field({ name: 'b' })
  const at = field({ name: 'a', type: 'time' })
  const until = field({ name: 'b', type: 'time' })
  const row = (more: object): Row => ({ id: 1, ...more })

  test('a month is shown in whole weeks that begin on Monday', () => {
    expect(weekStart('2026-11-22')).toBe('2026-11-16')
    expect(rangeOf('month', '2026-11-15')).toEqual(['2026-10-26', '2026-12-06'])
    expect(rangeOf('month', '2027-02-10')).toEqual(['2027-02-01', '2027-02-28'])
    expect(page('month', '2026-12-31', 1)).toBe('2027-01-01')
    expect(page('week', '2026-11-22', -1)).toBe('2026-11-15')
  })
  test('a date is a whole day, an end before its beginning counts for nothing', () => {
    expect(eventOf(row({ a: '2026-11-22', b: '2026-11-20' }), 'x', from, to)).toMatchObject({ first: '2026-11-22', last: '2026-11-22' })
    expect(eventOf(row({ a: null }), 'x', from, to)).toBeUndefined()
  })
  test('a time lies on the company\'s day', () => {
    const e = eventOf(row({ a: '2026-11-21T18:30:00.000Z', b: '2026-11-21T20:00:00.000Z' }), 'x', at, until)!
    expect(e).toMatchObject({ first: '2026-11-22', start: 90, minutes: 90 })
    expect(eventOf(row({ a: '2026-11-21T18:30:00.000Z', b: '2026-11-24T18:30:00.000Z' }), 'x', at, until)).toMatchObject({ first: '2026-11-22', last: '2026-11-25' })
  })
  test('moving keeps the time of day and moves both ends; pulling moves the end alone', () => {
    const e = eventOf(row({ a: '2026-11-22T02:00:00.000Z', b: '2026-11-22T03:30:00.000Z' }), 'x', at, until)!
    expect(shifted(e, at, until, 2)).toEqual({ a: '2026-11-24T02:00:00.000Z', b: '2026-11-24T03:30:00.000Z' })
    expect(shifted(e, at, until, 0, -600)).toEqual({ a: '2026-11-21T16:00:00.000Z', b: '2026-11-21T17:30:00.000Z' })
    expect(resized(e, until, 0, 30)).toEqual({ b: '2026-11-22T04:00:00.000Z' })
    expect(resized(e, until, 0, -600)).toEqual({ b: '2026-11-22T02:15:00.000Z' })
    const d = eventOf(row({ a: '2026-11-22', b: '2026-11-24' }), 'x', from, to)!
    expect(shifted(d, from, to, -3)).toEqual({ a: '2026-11-19', b: '2026-11-21' })
    expect(resized(d, to, -5)).toEqual({ b: '2026-11-22' })
  })
  test('bars share a lane when they do not meet, and say when they go on outside', () => {
    const bar = (id: number, first: string, last: string): Event => ({ id, row: row({}), title: '', first, last })
    const bars = weekBars([bar(1, '2026-11-10', '2026-11-17'), bar(2, '2026-11-18', '2026-11-30'), bar(3, '2026-11-17', '2026-11-17'), bar(4, '2026-11-23', '2026-11-23')], '2026-11-16')
    expect(bars.map((b) => [b.event.id, b.lane, b.from, b.span, b.before, b.after])).toEqual([[1, 0, 0, 2, true, false], [3, 1, 1, 1, false, false], [2, 0, 2, 5, false, true]])
    expect(bars[0]!.skipped).toBe(6)
  })
  test('blocks at the same time lie side by side, later ones take the whole width', () => {
    const block = (id: number, start: number, minutes: number): Event => ({ id, row: row({}), title: '', first: '2026-11-22', last: '2026-11-22', start, minutes })
    const blocks = dayBlocks([block(1, 60, 120), block(2, 90, 60), block(3, 150, 30), block(4, 600, 60)], '2026-11-22')
    expect(blocks.map((b) => [b.event.id, Math.round(b.left), Math.round(b.width)])).toEqual([[1, 0, 50], [2, 50, 50], [3, 50, 50], [4, 0, 100]])
  })
})

describe('groups', () => {
  const status = field({ name: 'status', type: 'pick', options: [{ value: 'new', label: 'New' }, { value: 'won', label: 'Won' }, { value: 'lost', label: 'Lost' }] })
  const sums: Sums = { groups: [{ key: [null], count: 2 }, { key: ['won'], count: 9 }, { key: ['old'], count: 1 }], total: { count: 12 }, exact: true, more: false }

  test('choices come in their own order, unknown ones behind, those without last', () => {
    expect(bundles(status, 'status', sums).map((b) => b.key)).toEqual(['won', 'old', null])
    expect(bundles(status, 'status', sums, true).map((b) => [b.key, b.tally.count])).toEqual([['new', 0], ['won', 9], ['lost', 0], ['old', 1], [null, 2]])
  })
  test('a group\'s records are found by a condition', () => {
    expect(keyFilter(status, 'status', null)).toEqual(['status', 'empty', null])
    expect(keyFilter({ ...status, many: true }, 'status', 'won')).toEqual(['status', 'in', ['won']])
    expect(keyFilter(field({}), 'f:month', '2026-02-01')).toEqual(['f', 'within', ['2026-02-01', '2026-02-28']])
    expect(keyFilter(field({}), 'f:quarter', '2026-10-01')).toEqual(['f', 'within', ['2026-10-01', '2026-12-31']])
    expect(keyFilter(field({}), 'f:year', '2026-01-01')).toEqual(['f', 'within', ['2026-01-01', '2026-12-31']])
    expect(keyFilter(field({}), 'f', '2026-01-01')).toEqual(['f', 'within', ['2026-01-01', '2026-01-01']])
    expect(nextMonth('2026-12-01', 1)).toBe('2027-01-01')
    expect(withFilter({ filter: '["a","=",1]' }, ['b', '=', 2]).filter).toBe('{"and":[["a","=",1],["b","=",2]]}')
  })
  test('a sum names its field and what is asked of it', () => {
    expect(measureOf('amount')).toEqual(['amount', 'sum'])
    expect(measureOf('amount:avg')).toEqual(['amount', 'avg'])
    expect(measureOf('amount:bogus')).toEqual(['amount', 'sum'])
  })
})

test('a table offers the looks that its fields allow', () => {
  const m = complete(metaOf('lead', 'en', true) as Meta)
  expect(looksOf(m)).toEqual(['list', 'board', 'calendar', 'graph'])
  expect(looksOf(complete(metaOf('department', 'en', true) as Meta))).toContain('tree')
})

test('a mean of amounts has as many decimals as amounts have', () => {
  const f = { name: 'amount', type: 'money', of: 'CNY', label: 'Amount' } as Field
  expect(numberText(f, 'amount:avg', { count: 3, avg: { amount: '181666.6667' } })).toBe('¥181,666.67')
})

describe('relations', () => {
  const net = (id: number, links: Net['links']): Net => ({ node: { table: 'lead', label: 'Lead', id, title: `Lead ${id}` }, links })
  const owner = { by: 'out:owner_id', table: 'user', label: 'Owner', nodes: [{ id: 7, title: 'Lan' }], next: null }

  test('a reference is one line, from whichever end one came', () => {
    const w = new Web()
    w.add(net(1, [owner]))
    w.add({ node: { table: 'user', label: 'User', id: 7, title: 'Lan' }, links: [{ by: 'in:lead.owner_id', table: 'lead', label: 'Leads', nodes: [{ id: 1, title: 'Lead 1' }, { id: 2, title: 'Lead 2' }], next: 'more' }] })
    expect([...w.nodes.keys()]).toEqual(['lead/1', 'user/7', 'lead/2'])
    expect(w.edges.size).toBe(2)
  })
  test('more of one kind joins what was there', () => {
    const w = new Web()
    const kind = (ids: number[], next: string | null): Net['links'][number] => ({ by: 'in:x.lead_id', table: 'x', label: 'X', nodes: ids.map((id) => ({ id, title: null })), next })
    w.add(net(1, [owner, kind([1, 2], 'c')]))
    w.add(net(1, [kind([2, 3], null)]))
    expect(w.links.get('lead/1')!.map((l) => [l.by, l.nodes.length, l.next])).toEqual([['out:owner_id', 1, null], ['in:x.lead_id', 3, null]])
    expect(w.nodes.get('x/3')!.title).toBe('#3')
  })
  test('what does not fit any more is told', () => {
    const w = new Web()
    expect(w.add(net(1, [{ ...owner, nodes: Array.from({ length: 400 }, (_, i) => ({ id: i, title: '' })) }]))).toBe(false)
    expect(w.nodes.size).toBe(300)
  })
})

test('a month is called briefly enough to stand under a chart on a phone, in every language', async () => {
  const names: string[] = []
  for (const l of ['vi', 'zh-TW', 'zh-CN', 'en'] as const) {
    await setLocale(l)
    names.push(keyText({ name: 'at', type: 'time' } as Field, 'at:month', '2026-10-01'))
  }
  expect(names).toEqual(['thg 10 2026', '2026年10月', '2026年10月', 'Oct 2026'])
})
