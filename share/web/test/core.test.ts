// core.test.ts - formatting, parsing, checking, filters: what has no screen.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { compile, describe as inWords, opsFor, periodFrom, periodOf, readFilter, type Leaf, type Node } from '../src/core/filter'
import { addDays, editDecimal, fmt, fmtMoney, fold, fromLocal, initials, labelled, parseDecimal, same, toLocal } from '../src/core/fmt'
import { locale, setLocale, t } from '../src/core/i18n'
import { composing } from '../src/core/keys'
import { complete, sections } from '../src/core/meta'
import { waysOf } from '../src/core/reach'
import { start } from '../src/core/session'
import type { Field, Meta, Row } from '../src/core/types'
import { check, checkAll } from '../src/core/validate'
import { metaOf } from './mock/meta.mjs'

const field = (f: Partial<Field>): Field => ({ name: 'f', type: 'text', label: 'F', ...f })
const lead = (): Meta => complete(metaOf('lead', 'en', true) as Meta)

beforeAll(() => {
  start.value = {
    user: { id: 1, name: 'A', login: 'a' }, company: { name: 'C', country: 'VN', currency: 'VND', zone: 'Asia/Ho_Chi_Minh' },
    locales: [], nav: [{ to: '/t/lead', table: 'lead', label: 'Leads' }], groups: [], perms: [],
  }
})
beforeEach(() => setLocale('en'))

describe('numbers', () => {
  test('money is formatted exactly, beyond what a float holds', () => {
    expect(fmtMoney('9007199254740993.25', 'CNY')).toContain('9,007,199,254,740,993.25')
  })
  test('whole amounts show no decimals, small parts are kept', () => {
    expect(fmtMoney('1500.0000', 'USD')).toBe('$1,500')
    expect(fmtMoney('0.0125', 'USD')).toBe('$0.0125')
  })
  test('says what a bare number on a card counts', () => {
    expect(labelled({ name: 'n', type: 'int', label: 'Calls' } as Field)).toBe('Calls ')
    expect(labelled({ name: 'b', type: 'bool', label: 'Key' } as Field)).toBe('Key')
    expect(labelled({ name: 't', type: 'text', label: 'City' } as Field)).toBe('')
  })
  test('shows an amount in what its record says it is in, and in nothing where that is not known', () => {
    const capital = { name: 'capital', type: 'money', of: '@unit' } as Field
    expect(fmt(capital, '30000000000.0000', { id: 1, unit: 'VND' } as unknown as Row)).toBe('₫30,000,000,000')
    expect(fmt(capital, '5.0000', { id: 1 } as unknown as Row)).toBe('5')
    expect(fmt(capital, '5.0000')).toBe('5')
    expect(fmt(capital, '5.0000', { id: 1, unit: null } as unknown as Row)).toBe(fmtMoney('5.0000'))
  })
  test.each([
    ['en', '1,500', '1500'], ['en', '1.500', '1.500'], ['en', '1,234,567.89', '1234567.89'],
    ['vi', '1.500', '1500'], ['vi', '1,5', '1.5'], ['vi', '1234.5', '1234.5'], ['vi', '1.234.567,89', '1234567.89'],
    ['zh-CN', '１２３．５', '123.5'], ['en', '1 000 000', '1000000'], ['en', '-.5', '-0.5'],
  ] as const)('in %s "%s" is %s', async (l, typed, meant) => {
    await setLocale(l)
    expect(parseDecimal(typed)).toBe(meant)
  })
  test.each(['', 'abc', '1-2', '1.2.3,4,5x', '--1'])('"%s" is no number', (s) => {
    expect(parseDecimal(s)).toBeNull()
  })
  test('a Vietnamese amount edits with a comma and comes back the same', async () => {
    await setLocale('vi')
    expect(editDecimal('1234.5000')).toBe('1234,5')
    expect(parseDecimal(editDecimal('1234.5000'))).toBe('1234.5')
    expect(editDecimal('100')).toBe('100')
  })
})

describe('dates and times', () => {
  test('a year has no separator, a number of people has', async () => {
    await setLocale('en')
    expect(fmt(field({ type: 'int', min: 1900, max: 2200 }), 2025)).toBe('2025')
    expect(fmt(field({ type: 'int', min: 0, max: 100000000 }), 2025)).toBe('2,025')
    expect(fmt(field({ type: 'int' }), 2025)).toBe('2,025')
  })
  test('a date is that day everywhere', () => {
    expect(fmt(field({ type: 'date' }), '2026-11-22')).toBe('11/22/2026')
  })
  test('times are on the company\'s clock', () => {
    expect(fmt(field({ type: 'time' }), '2026-11-22T18:30:00.000Z')).toContain('11/23/2026')
    expect(toLocal('2026-11-22T18:30:00Z')).toBe('2026-11-23T01:30')
    expect(fromLocal('2026-11-23T01:30')).toBe('2026-11-22T18:30:00.000Z')
  })
  test('days are added over the end of a year', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
  })
})

test('folding ignores case, Vietnamese marks, đ and full width', () => {
  expect(fold('ĐẶNG Thị Ｈạnh')).toBe('dang thi hanh')
})
test('initials: a Han name by its last character, others by first and last', () => {
  expect(initials('陈伟')).toBe('伟')
  expect(initials('Nguyễn Thị Hạnh')).toBe('NH')
})
test('English knows one and many', () => {
  expect(t('records', { n: '1', count: 1 })).toBe('1 record')
  expect(t('records', { n: '2', count: 2 })).toBe('2 records')
})
test('a label inside a sentence is written small, an abbreviation is not', () => {
  expect(t('new', { thing: 'Lead' })).toBe('New lead')
  expect(t('new', { thing: 'API token' })).toBe('New API token')
})
test('Enter during composition is no command', () => {
  expect(composing({ isComposing: true, keyCode: 13 } as KeyboardEvent)).toBe(true)
  expect(composing({ isComposing: false, keyCode: 229 } as KeyboardEvent)).toBe(true)
  expect(composing({ isComposing: false, keyCode: 13 } as KeyboardEvent)).toBe(false)
})

describe('checks', () => {
  test('required, length in characters not units, e-mail lists, whole numbers', () => {
    expect(check(field({ required: true }), '')).not.toBe('')
    expect(check(field({ max: 2 }), '😀😀')).toBe('')
    expect(check(field({ max: 2 }), 'abc')).not.toBe('')
    expect(check(field({ type: 'email' }), 'a@b.cn; c@d.vn')).toBe('')
    expect(check(field({ type: 'email' }), 'a@b')).not.toBe('')
    expect(check(field({ type: 'int' }), '12x')).not.toBe('')
    expect(check(field({ type: 'bool', required: true }), false)).toBe('')
  })
  test('numbers lie within their bounds, also money, which is text; what lies beyond already is no mistake of today', () => {
    expect(check(field({ type: 'int', min: 0 }), 0)).toBe('')
    expect(check(field({ type: 'int', min: 0 }), -1)).toContain('0')
    expect(check(field({ type: 'real', max: 5 }), 5.1)).toContain('5')
    expect(check(field({ type: 'money', min: 0 }), '-0.01')).not.toBe('')
    expect(check(field({ type: 'money', min: 0, max: 5 }), '4.99')).toBe('')
    const f = field({ type: 'money', min: 0 })
    expect(checkAll([f], { [f.name]: '-5' }, { [f.name]: '-5' })).toEqual({})
    expect(Object.keys(checkAll([f], { [f.name]: '-6' }, { [f.name]: '-5' }))).toEqual([f.name])
  })
  test('only the wrong fields are named', () => {
    const m = lead()
    expect(Object.keys(checkAll(m.fields, { name: '', status: 'new', email: 'x' }))).toEqual(['name', 'email'])
  })
  test('nothing, null and the empty text are the same value', () => {
    expect(same(null, '')).toBe(true)
    expect(same(undefined, null)).toBe(true)
    expect(same(['a'], ['a'])).toBe(true)
    expect(same(0, null)).toBe(false)
  })
})

describe('filters', () => {
  const m = lead()
  const fieldOf = (n: string): Field | undefined => m.fields.find((f) => f.name === n)
  const leaf = ([field, op, value]: [string, Leaf['op'], unknown?]): Leaf => ({ field, op, value })
  const made = (...c: [string, Leaf['op'], unknown?][]): unknown => compile({ any: false, kids: c.map(leaf) }, fieldOf)
  const there = (n: Node): unknown => compile(n, fieldOf)

  test('one condition stands alone, several are joined by and', () => {
    expect(made(['status', 'in', ['new']])).toEqual(['status', 'in', ['new']])
    expect(made(['status', 'in', ['new']], ['name', '~', 'x'])).toEqual({ and: [['status', 'in', ['new']], ['name', '~', 'x']] })
  })
  test('groups nest: any of these inside all of those', () => {
    const any: Node = { any: true, kids: [leaf(['name', '~', 'x']), { any: false, kids: [leaf(['status', 'empty']), leaf(['owner_id', 'team'])] }] }
    expect(there({ any: false, kids: [leaf(['status', 'in', ['new']]), any] })).toEqual({
      and: [['status', 'in', ['new']], { or: [['name', '~', 'x'], { and: [['status', 'empty', null], ['owner_id', 'in', '@team']] }] }],
    })
    expect(inWords(any, fieldOf)).toMatch(/^.+ x or \(.+ and .+\)$/)
  })
  test('unfinished conditions, empty groups and unknown fields are left out', () => {
    expect(made(['status', 'in', []], ['gone', '=', 1], ['volume', 'between', [null, '']])).toBeUndefined()
    expect(there({ any: true, kids: [{ any: false, kids: [] }, leaf(['name', '~', 'x'])] })).toEqual(['name', '~', 'x'])
  })
  test('"me", my team and periods use the host\'s words', () => {
    expect(made(['owner_id', 'me'])).toEqual(['owner_id', '=', '@me'])
    expect(made(['next_date', 'within', '@next_7d'])).toEqual(['next_date', 'within', '@next_7d'])
    expect(made(['next_date', 'past'])).toEqual(['next_date', '<', '@today'])
    expect(periodOf('@last_30d')).toEqual({ kind: '@last_d', days: 30 })
    expect(periodFrom('@last_d', 30)).toBe('@last_30d')
    expect(periodFrom('@this_week', 30)).toBe('@this_week')
  })
  test('a day, before and after are periods of whole days, whatever the field', () => {
    expect(made(['touched_at', '=', '2026-11-22'])).toEqual(['touched_at', 'within', ['2026-11-22', '2026-11-22']])
    expect(made(['next_date', 'before', '2026-12-01'])).toEqual(['next_date', 'within', [null, '2026-11-30']])
    expect(made(['next_date', 'after', '2026-12-31'])).toEqual(['next_date', 'within', ['2027-01-01', null]])
    expect(made(['volume', 'between', [1, '']])).toEqual(['volume', 'within', [1, null]])
  })
  test('what the host is asked reads back as what was made', () => {
    const all: Node = { any: true, kids: [
      ...([['owner_id', 'me'], ['owner_id', 'team'], ['next_date', 'past'], ['next_date', '=', '2026-11-22'], ['next_date', 'before', '2026-12-01'], ['next_date', 'after', '2026-12-31'],
        ['next_date', 'between', ['2026-01-01', '2026-01-31']], ['next_date', 'within', '@this_quarter'], ['volume', '>=', 3], ['status', 'not in', ['new', 'lost']], ['name', 'empty']] as [string, Leaf['op'], unknown?][]).map(leaf),
      { any: false, kids: [leaf(['name', '^', 'a']), leaf(['name', '~', 'b'])] },
    ] }
    const asked = there(all)
    expect(there(readFilter(JSON.stringify(asked)))).toEqual(asked)
    expect(readFilter(asked)).toEqual(all)
  })
  test('addresses of earlier versions still mean the same', () => {
    expect(there(readFilter('[["status","in",["new"]],["next_date","next",7]]'))).toEqual({ and: [['status', 'in', ['new']], ['next_date', 'within', '@next_7d']] })
  })
  test('only operators the host allows are offered', () => {
    expect(opsFor(field({ type: 'int', filter: ['=', 'empty'] }))).toEqual(['=', 'empty'])
    expect(opsFor(field({ type: 'date', filter: ['within', '<'] }))).toEqual(['within', '=', 'before', 'after', 'between', 'past'])
    expect(opsFor(field({ filter: [] }))).toEqual([])
  })
  test('a broken address filters nothing', () => {
    for (const bad of ['{oops', '{"xor":[]}', '7', '[1]', '{"and":7}']) expect(there(readFilter(bad)), bad).toBeUndefined()
  })
})

describe('metadata', () => {
  test('system fields are added once and never asked for', () => {
    const m = lead()
    expect(m.fields.filter((f) => f.name === 'created_at')).toHaveLength(1)
    expect(complete(m).fields).toHaveLength(m.fields.length)
  })
  test('a table without views gets one of its list fields', () => {
    const m = complete(metaOf('role', 'en', true) as Meta)
    expect(m.views[0]!.columns).toContain('name')
  })
  test('fields of no group come last, empty groups are not shown', () => {
    const m = lead()
    m.groups.push({ name: 'none', label: 'None' })
    const s = sections(m, m.fields)
    expect(s.map((x) => x.name)).toEqual(['basic', 'contact', 'freight', 'follow', ''])
  })
})

test('the language chosen is the document\'s', async () => {
  await setLocale('zh-TW')
  expect(document.documentElement.lang).toBe('zh-TW')
  expect(locale.value).toBe('zh-TW')
})

test('what is masked leads nowhere, several numbers in one field to each of them', () => {
  const phone = field({ type: 'phone' })
  expect(waysOf(phone, '***')).toEqual([])
  expect(waysOf(phone, '0755-2681 4101; 0903 123 456').map((w) => w.href)).toEqual(['tel:075526814101', 'tel:0903123456'])
  expect(waysOf(field({ type: 'url' }), 'javascript:alert(1)').map((w) => w.href)).toEqual(['https://alert(1)'])
  expect(waysOf(field({ type: 'text' }), '0903 123 456')).toEqual([])
})
