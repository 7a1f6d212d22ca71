// parts.test.ts - components drawn from metadata.
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createApp, defineComponent, h, nextTick, onMounted, reactive, ref, type App } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { ApiError } from '../src/core/api'
import { useEnds } from '../src/core/ends'
import { learn } from '../src/core/fmt'
import { setLocale } from '../src/core/i18n'
import { complete, formFields, sections } from '../src/core/meta'
import type { Field, Meta, Row } from '../src/core/types'
import Combo from '../src/ui/Combo.vue'
import DataGrid from '../src/ui/DataGrid.vue'
import FieldInput from '../src/ui/FieldInput.vue'
import FieldValue from '../src/ui/FieldValue.vue'
import Marked from '../src/ui/Marked.vue'
import RecordForm from '../src/ui/RecordForm.vue'
import Trouble from '../src/ui/Trouble.vue'
import { metaOf, TABLES } from './mock/meta.mjs'

let app: App | undefined
async function draw(component: object, props: object): Promise<HTMLElement> {
  const el = document.createElement('div')
  document.body.append(el)
  app = createApp(defineComponent({ render: () => h(component, { ...props }) }))
  app.use(createRouter({ history: createMemoryHistory(), routes: [{ path: '/:x(.*)*', component: { render: () => null } }] }))
  app.mount(el)
  for (let i = 0; i < 5; i++) await nextTick()
  return el
}
afterEach(() => {
  app?.unmount()
  document.body.replaceChildren()
})
beforeAll(() => setLocale('en'))
const meta = (): Meta => complete(metaOf('lead', 'en', true) as Meta)
const f = (name: string): Field => meta().fields.find((x) => x.name === name)!

describe('FieldValue', () => {
  test('a pick is a pill in its colour, with its label', async () => {
    const el = await draw(FieldValue, { field: f('status'), value: 'qualified' })
    expect(el.querySelector('.pill.c-violet')?.textContent).toBe('Qualified')
  })
  test('a dictionary without colours is plain text', async () => {
    const el = await draw(FieldValue, { field: f('country'), value: 'VN' })
    expect(el.querySelector('.pill')).toBeNull()
    expect(el.textContent).toBe('Vietnam')
  })
  test('a person is shown by the title that came with the rows', async () => {
    learn({ user: { 7: '陈伟' } })
    const el = await draw(FieldValue, { field: f('owner_id'), value: 7 })
    expect(el.textContent).toContain('陈伟')
  })
  test('several phone numbers in one cell are several links', async () => {
    const el = await draw(FieldValue, { field: f('phone'), value: '+86 138 1; 021-55', live: true })
    expect([...el.querySelectorAll('a')].map((a) => a.getAttribute('href'))).toEqual(['tel:+861381', 'tel:02155'])
  })
  test('a web address can only be http', async () => {
    const el = await draw(FieldValue, { field: f('website'), value: 'javascript:alert(1)', live: true })
    expect(el.querySelector('a')!.getAttribute('href')).toMatch(/^https:\/\//)
  })
})

describe('FieldInput', () => {
  test('money goes up as an exact decimal string', async () => {
    const got: unknown[] = []
    const el = await draw(FieldInput, { field: f('revenue'), modelValue: null, 'onUpdate:modelValue': (v: unknown) => got.push(v) })
    const input = el.querySelector('input')!
    input.value = '12,345,678,901.10'
    input.dispatchEvent(new Event('input'))
    expect(got).toEqual(['12345678901.10'])
  })
  test('an error is tied to its input', async () => {
    const el = await draw(FieldInput, { field: f('email'), modelValue: 'x', id: 'e', error: 'No' })
    const input = el.querySelector('input')!
    expect(input.getAttribute('aria-invalid')).toBe('true')
    expect(input.getAttribute('aria-describedby')).toBe('e-e')
  })
})

describe('Combo', () => {
  const options = Array.from({ length: 500 }, (_, i) => ({ value: i, label: i === 3 ? 'Đặng Hạnh' : `Name ${i}` }))
  test('typing without marks finds Vietnamese names, Enter takes the first', async () => {
    const got: unknown[] = []
    const el = await draw(Combo, { label: 'x', options, modelValue: null, 'onUpdate:modelValue': (v: unknown) => got.push(v) })
    const input = el.querySelector('input')!
    input.value = 'dang'
    input.dispatchEvent(new Event('input'))
    await nextTick()
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }))
    expect(got).toEqual([3])
  })
  test('never draws more than 200 options', async () => {
    const el = await draw(Combo, { label: 'x', options, modelValue: null })
    el.querySelector('input')!.click()
    await nextTick()
    expect(el.querySelectorAll('[role=option]').length).toBe(200)
  })
  test('Enter that confirms an input method\'s candidate chooses nothing', async () => {
    const choose = vi.fn()
    const el = await draw(Combo, { label: 'x', options, modelValue: null, 'onUpdate:modelValue': choose })
    const input = el.querySelector('input')!
    input.value = 'n'
    input.dispatchEvent(new Event('input'))
    input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true }))
    expect(choose).not.toHaveBeenCalled()
  })
})

describe('RecordForm', () => {
  test.each(Object.keys(TABLES))('draws every field of %s with a label', async (table) => {
    const m = complete(metaOf(table, 'vi', true) as Meta)
    const fields = formFields(m)
    const el = await draw(RecordForm, { id: 'x', groups: sections(m, fields), values: {}, errors: {} })
    expect(el.querySelectorAll('[data-field]').length).toBe(fields.length)
    for (const x of fields) expect(el.textContent).toContain(x.label)
  })
})

test('what is not there, or not for one to see, is said once', async () => {
  const el = await draw(Trouble, { error: new ApiError(404, { code: 'not_found', message: 'Not here, or not for you to see.', request: 'r1' }) })
  expect(el.textContent!.match(/Not here/g)).toHaveLength(1)
})

describe('DataGrid', () => {
  const rows: Row[] = [{ id: 1, version: 1, name: 'A', status: 'new' }, { id: 2, version: 1, name: 'B', status: 'dropped' }]
  const props = (more: object): object => ({
    meta: meta(), fields: [f('name'), f('status')], count: rows.length, line: (i: number) => rows[i] && { key: rows[i]!.id, row: rows[i] }, more: false, sort: [], widths: {}, selected: reactive(new Set<number>()), every: false, cursor: 0, editable: true, ...more,
  })
  test('sums that are not of all say of how many they are', async () => {
    const el = await draw(DataGrid, props({ sums: ['volume'], total: { count: 4000, sum: { volume: 9 } }, exact: false }))
    expect(el.querySelector('[data-t=sumsof]')!.textContent).toBe('the first 4,000 records only')
    const all = await draw(DataGrid, props({ sums: ['volume'], total: { count: 4000, sum: { volume: 9 } }, exact: true }))
    expect(all.querySelector('[data-t=sumsof]')!.textContent).toBe('4,000 records')
  })
  test('a click on a head sorts, shift adds a second key', async () => {
    const got: string[][] = []
    const el = await draw(DataGrid, props({ sort: ['name'], onSort: (s: string[]) => got.push(s) }))
    const head = el.querySelector<HTMLElement>('[data-sort=status]')!
    head.dispatchEvent(new MouseEvent('click', { bubbles: true }))
    head.dispatchEvent(new MouseEvent('click', { bubbles: true, shiftKey: true }))
    expect(got).toEqual([['status'], ['name', 'status']])
  })
  test('j moves, Enter opens, x selects, s sorts, Ctrl A takes all', async () => {
    const said: unknown[] = []
    const el = await draw(DataGrid, props({ onCursor: (n: number) => said.push(['cursor', n]), onOpen: (r: Row) => said.push(['open', r.id]), onSelect: (id: number) => said.push(['select', id]), onSort: (s: string[]) => said.push(['sort', s]), onSelectAll: () => said.push(['all']) }))
    const grid = el.querySelector<HTMLElement>('[role=grid]')!
    for (const key of ['j', 'Enter', 'x', 's']) grid.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
    grid.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', ctrlKey: true, bubbles: true }))
    expect(said).toEqual([['cursor', 1], ['open', 1], ['select', 1], ['sort', ['name']], ['all']])
  })
  test('a cell opens without asking; one that may not be changed stays shut and asks why', async () => {
    const asked: string[] = []
    vi.stubGlobal('fetch', (at: string) => { asked.push(at); return Promise.resolve(new Response(JSON.stringify({ allowed: false, missing: [{ kind: 'approval', text: 'It waits.' }] }))) })
    const mixed: Row[] = [{ id: 1, version: 1, name: 'A', country: 'VN' }, { id: 2, version: 1, name: 'B', country: 'VN', '@can': { locked: 'Credit' } }, { id: 3, version: 1, name: 'C', country: 'VN', '@can': { update: false } }, { id: 4, version: 1, name: 'D' }]
    const el = await draw(DataGrid, props({ fields: [f('name'), f('country')], count: mixed.length, line: (i: number) => mixed[i] && { key: mixed[i]!.id, row: mixed[i] } }))
    const open = async (id: number): Promise<number> => {
      el.querySelector(`#row-${id} .gc:nth-child(3)`)!.dispatchEvent(new MouseEvent('dblclick', { bubbles: true }))
      await vi.waitFor(() => expect(id === 1 ? el.querySelectorAll('.gc.edit').length : asked.length).toBeGreaterThan(0))
      return el.querySelectorAll('.gc.edit').length
    }
    expect(await open(1)).toBe(1)
    expect(asked).toEqual([])
    el.querySelector('.gc.edit')!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
    await nextTick()
    for (const id of [2, 3, 4]) {
      asked.length = 0
      expect(await open(id)).toBe(0)
      expect(asked).toHaveLength(1)
      expect(asked[0]).toContain(`/${id}/_why?`)
    }
    vi.unstubAllGlobals()
  })
  test('an answer that comes late shuts no cell that was opened meanwhile', async () => {
    let answer = (): void => {}
    vi.stubGlobal('fetch', () => new Promise<Response>((yes) => (answer = () => yes(new Response(JSON.stringify({ allowed: true, missing: [] }))))))
    const mixed: Row[] = [{ id: 1, version: 1, name: 'A', website: 'a.example' }, { id: 2, version: 1, name: 'B', website: 'b.example', '@can': { update: false } }]
    const el = await draw(DataGrid, props({ fields: [f('name'), f('website')], line: (i: number) => mixed[i] && { key: mixed[i]!.id, row: mixed[i] } }))
    const begin = (id: number): unknown => el.querySelector(`#row-${id} .gc:nth-child(3)`)!.dispatchEvent(new MouseEvent('dblclick', { bubbles: true }))
    const first = answer
    begin(2)
    await vi.waitFor(() => expect(answer).not.toBe(first))
    begin(1)
    await nextTick()
    expect(el.querySelectorAll('#row-1 .gc.edit')).toHaveLength(1)
    answer()
    for (let i = 0; i < 20; i++) await new Promise((r) => setTimeout(r))
    expect(el.querySelectorAll('#row-1 .gc.edit')).toHaveLength(1)
    expect(el.querySelectorAll('#row-2 .gc.edit')).toHaveLength(0)
    vi.unstubAllGlobals()
  })
  test('what had the focus goes with its record, and a box is ticked only where something is selected', async () => {
    const lines = reactive({ rows: rows.slice() })
    const el = await draw(DataGrid, props({ line: (i: number) => lines.rows[i] && { key: lines.rows[i]!.id, row: lines.rows[i] } }))
    const box = el.querySelector<HTMLInputElement>('#row-1 .chk input')!
    const link = el.querySelector<HTMLElement>('#row-1 a.title')!
    box.click() /* nobody selects */
    await nextTick()
    expect(box.checked).toBe(false)
    lines.rows = [rows[1]!, rows[0]!]
    await nextTick()
    expect(el.querySelector('#row-2')).not.toBeNull()
    expect(el.querySelector('#row-2')!.contains(box) || el.querySelector('#row-2')!.contains(link)).toBe(false)
    expect([box.isConnected, link.isConnected]).toEqual([false, false])
  })
})

test('what a search found is marked, counted as the server does, and text stays text', async () => {
  const html = async (text: string, marks?: [number, number][]): Promise<string> => (await draw(Marked, { text, marks })).innerHTML.replace(/<!--.*?-->/g, '')
  expect(await html('😀深圳华中', [[2, 4]])).toBe('😀<mark>深圳</mark>华中')
  expect(await html('<b>', [[0, 1]])).toBe('<mark>&lt;</mark>b&gt;')
  expect(await html('abc', [[2, 9], [1, 2]])).toBe('a<mark>b</mark>c')
  expect(await html('abc')).toBe('abc')
})

test('rows go on coming while the end of them stays in sight', async () => {
  class Sight {
    static all: Sight[] = []
    constructor(readonly tell: (e: { isIntersecting: boolean; target: Element }[]) => void) { Sight.all.push(this) }
    /* As a browser does: told when it begins to look, and when that changes, which it does not here. */
    observe(target: Element): void { this.tell([{ isIntersecting: true, target }]) }
    unobserve(): void {}
    disconnect(): void {}
  }
  vi.stubGlobal('IntersectionObserver', Sight)
  const rows = ref([1])
  const asked: number[] = []
  await draw(defineComponent({
    setup() {
      const end = ref<HTMLElement>()
      const watchEnds = useEnds([{ mark: end, ask: () => asked.push(rows.value.length), rows: () => rows.value }], '0px')
      onMounted(() => watchEnds(document.body))
      return () => h('div', { ref: end })
    },
  }), {})
  expect(asked).toEqual([1])
  rows.value = [1, 2]
  await nextTick()
  await nextTick()
  expect(asked).toEqual([1, 2])
  vi.unstubAllGlobals()
})
