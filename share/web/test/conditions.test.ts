// conditions.test.ts - when a field is asked for, and which records a reference may name.
import { describe, expect, test } from 'vitest'
import { filled, holds } from '../src/core/conditions'
import type { Field, Filter } from '../src/core/types'
import { checkAll } from '../src/core/validate'

describe('a condition on the record itself', () => {
  test.each<[Filter, Record<string, unknown>, boolean]>([
    [['status', '=', 'lost'], { status: 'lost' }, true],
    [['status', '=', 'lost'], { status: null }, false],
    [['status', '!=', 'lost'], {}, true],
    [['status', 'in', ['won', 'lost']], { status: 'won' }, true],
    [['recurs', 'not empty'], { recurs: '' }, false],
    [['is_hard', '=', true], { is_hard: true }, true],
    [['is_hard', '=', true], { is_hard: false }, false],
    [['days', '>', 9], { days: 10 }, true],
    [['tags', 'in', ['b']], { tags: ['a', 'b'] }, true],
    [{ or: [['country', 'in', ['CN', 'HK']], ['country', 'empty']] }, { country: 'VN' }, false],
    [{ or: [['country', 'in', ['CN', 'HK']], ['country', 'empty']] }, {}, true],
    [{ not: ['country', '=', 'VN'] }, { country: 'VN' }, false],
  ])('%j of %j: %s', (f, values, yes) => expect(holds(f, values)).toBe(yes))
})

describe('which records a reference may name', () => {
  const where: Filter = { and: [['pipeline_id', '=', '@pipeline_id'], ['active', '=', true], ['owner_id', '=', '@me'], ['from_on', '<=', '@today']] }
  test('the record\'s own values are put in, the host\'s words stay', () =>
    expect(filled(where, { pipeline_id: 3 })).toEqual({ and: [['pipeline_id', '=', 3], ['active', '=', true], ['owner_id', '=', '@me'], ['from_on', '<=', '@today']] }))
  test('what is empty is no condition', () => {
    expect(filled(['pipeline_id', '=', '@pipeline_id'], {})).toBeUndefined()
    expect(filled({ and: [['pipeline_id', '=', '@pipeline_id']] }, { pipeline_id: null })).toBeUndefined()
  })
})

test('a field that is not asked for is not missing', () => {
  const fields: Field[] = [{ name: 'reason', type: 'text', label: 'Reason', required: true, when: ['status', '=', 'lost'] }]
  expect(checkAll(fields, { status: 'open' })).toEqual({})
  expect(Object.keys(checkAll(fields, { status: 'lost' }))).toEqual(['reason'])
})
