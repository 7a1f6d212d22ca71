// turns.test.ts - answers that come late, twice or not at all.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createApp, h, nextTick, reactive, type App } from 'vue'
import { online } from '../src/core/api'
import { aheadOfPages, locale, setLocale, t, worded } from '../src/core/i18n'
import { cache } from '../src/core/query'
import { live } from '../src/core/live'
import { readStart, start, switchLocale } from '../src/core/session'
import { toasts } from '../src/core/toast'
import type { Start } from '../src/core/types'
import FieldLabels from '../src/ui/FieldLabels.vue'
import LocaleSelect from '../src/ui/LocaleSelect.vue'
import Toasts from '../src/ui/Toasts.vue'

/* A host that answers each request when it is told to. */
interface Asked { url: string; answer: (body: object) => void; lose: () => void }
let asked: Asked[] = []
let app: App | undefined
beforeEach(async () => {
  asked = []
  vi.stubGlobal('fetch', (url: string) => new Promise<Response>((yes, no) => asked.push({ url, answer: (b) => yes(new Response(JSON.stringify(b))), lose: () => no(new TypeError('gone')) })))
  await setLocale('en')
})
afterEach(() => {
  app?.unmount()
  app = undefined
  document.body.replaceChildren()
  toasts.splice(0)
  vi.unstubAllGlobals()
  vi.useRealTimers()
})
function draw(component: object, props: object = {}): HTMLElement {
  const el = document.createElement('div')
  document.body.append(el)
  app = createApp({ render: () => h(component, { ...props }) })
  app.mount(el)
  return el
}

test('what a part brought while another language was fetched has words in that language', async () => {
  const switched = switchLocale('vi')
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  await worded(async () => ({}))()
  expect(t('recycle.running')).not.toBe('recycle.running')
  const english = t('recycle.running')
  await aheadOfPages()
  asked[0]!.answer({})
  await switched
  expect(locale.value).toBe('vi')
  expect(t('recycle.running')).not.toBe('recycle.running')
  expect(t('recycle.running')).not.toBe(english)
})

test('a language that cannot be had leaves the page and its choice as they were, and says so', async () => {
  const el = draw(LocaleSelect)
  const select = el.querySelector('select')!
  select.value = 'vi'
  select.dispatchEvent(new Event('change'))
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  asked[0]!.lose()
  await vi.waitFor(() => expect(toasts).toHaveLength(1))
  expect(locale.value).toBe('en')
  expect(select.value).toBe('en')
})

test('labels in a language that is no longer shown are dropped, and read anew', async () => {
  const read = readStart()
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  await setLocale('vi')
  asked[0]!.answer({ version: 'en' })
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  expect((start.value as { version?: string } | undefined)?.version).not.toBe('en')
  expect(asked[1]!.url).toContain('locale=vi')
  asked[1]!.answer({ version: 'vi' })
  await read
  expect((start.value as Start & { version: string }).version).toBe('vi')
})

test('back on line, all is read anew, whichever request got through first', async () => {
  const anew = vi.spyOn(cache, 'invalidateQueries')
  live()
  online.value = false
  await nextTick()
  expect(anew).not.toHaveBeenCalled()
  online.value = true
  await nextTick()
  expect(anew).toHaveBeenCalledWith()
  anew.mockRestore()
})

test('how far a job is shows, but is not read out', async () => {
  toasts.push(reactive({ id: 1, text: 'Working…', progress: 0.5, far: '5 / 10' }))
  const el = draw(Toasts)
  await nextTick()
  expect(el.querySelector('.toast')!.textContent).toContain('Working… 5 / 10')
  for (const x of el.querySelectorAll('[aria-hidden=true]')) x.remove()
  expect(el.querySelector('.toast')!.textContent).not.toContain('5')
})

test('names of fields are those of the record shown, even if another table answers later', async () => {
  const p = reactive({ value: 'name', record: { pool_id: 1 as number }, options: [] })
  const el = draw({ render: () => h(FieldLabels, p) })
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  p.record = { pool_id: 2 }
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  const meta = (label: string): object => ({ name: label, label, title: 'name', is: {}, fields: [{ name: 'name', label, type: 'text' }], views: [], actions: [] })
  asked[1]!.answer({ row: { on_table: 'two' } })
  await vi.waitFor(() => expect(asked).toHaveLength(3))
  asked[2]!.answer(meta('Second'))
  await vi.waitFor(() => expect(el.textContent).toBe('Second'))
  asked[0]!.answer({ row: { on_table: 'one' } })
  await vi.waitFor(() => expect(asked).toHaveLength(4))
  asked[3]!.answer(meta('First'))
  await new Promise((r) => setTimeout(r))
  await vi.waitFor(() => expect(el.textContent).toBe('Second'))
})
