// again.test.ts - what a lost connection swallowed: writes that are sent again, and jobs that are followed.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { api, ApiError, get, post } from '../src/core/api'
import { setLocale } from '../src/core/i18n'
import { pollJob } from '../src/core/jobs'

/* A host that says of each request in turn what becomes of it; the last goes on for ever. */
type Said = number | [number, object] | 'lost'
const sent: { method: string; key: string | undefined; body: unknown }[] = []
let says: Said[] = []
beforeEach(async () => {
  await setLocale('en')
  sent.length = 0
  vi.useFakeTimers()
  vi.stubGlobal('fetch', async (_url: string, o: RequestInit) => {
    sent.push({ method: o.method!, key: (o.headers as Record<string, string>)['Idempotency-Key'], body: o.body })
    const what = says.length > 1 ? says.shift()! : says[0]!
    if (what === 'lost') throw new TypeError('gone')
    const [status, body] = Array.isArray(what) ? what : [what, { row: { id: 1 } }]
    return new Response(JSON.stringify(status < 300 ? body : { error: { code: 'any', message: 'No.', ...body } }), { status, headers: status === 409 ? { 'Retry-After': '1' } : {} })
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})
async function ends<T>(what: Promise<T>): Promise<T | ApiError> {
  const end = what.catch((e: ApiError) => e)
  await vi.runAllTimersAsync()
  return end
}
const keys = (): (string | undefined)[] => sent.map((s) => s.key)

test('a write whose answer was lost is sent again by itself, with the same key', async () => {
  for (const says_ of [['lost', 201], [502, 503, 201], [409, 409, 201]] as Said[][]) {
    sent.length = 0
    says = says_
    const n = says.length
    expect(await ends(post('lead', { name: 'Hanse' }))).toEqual({ row: { id: 1 } })
    expect(sent).toHaveLength(n)
    expect(new Set(keys()).size).toBe(1)
    expect(keys()[0]).toMatch(/^[0-9a-f]{32}$/)
  }
})

test('what was given up is the same intent when it is sent once more, and no longer when it was answered', async () => {
  says = ['lost']
  expect(await ends(post('lead', { name: 'Hanse' }))).toMatchObject({ code: 'offline' })
  says = [201]
  await ends(post('lead', { name: 'Hanse' }))
  expect(new Set(keys()).size).toBe(1)
  await ends(post('lead', { name: 'Hanse' }))
  expect(new Set(keys()).size).toBe(2)
})

test('another request, or one after another to the same address, is an intent of its own', async () => {
  says = ['lost']
  await ends(post('lead', { name: 'Hanse' }))
  const first = keys()[0]
  says = [201]
  await ends(post('lead', { name: 'Hanse 2' }))
  await ends(post('lead', { name: 'Hanse' }))
  expect(new Set(keys()).size).toBe(3)
  expect(keys().slice(-2)).not.toContain(first)
})

test('a refusal is told at once, and reading has no key', async () => {
  says = [422]
  expect(await ends(api('PATCH', 'lead/1', { body: { name: '' } }))).toMatchObject({ status: 422 })
  says = [200]
  await ends(get('lead'))
  expect(sent.map((s) => s.method)).toEqual(['PATCH', 'GET'])
  expect(keys()[1]).toBeUndefined()
})

test('whoever is off line is told at once', async () => {
  vi.stubGlobal('navigator', { onLine: false })
  says = ['lost']
  expect(await ends(post('lead', {}))).toMatchObject({ code: 'offline' })
  expect(sent).toHaveLength(1)
})

test('a job is followed over a lost connection, a proxy without a host and a host without time', async () => {
  const job = (state: string): Said => [200, { id: 7, state, done: 1, total: 2 }]
  const told: string[] = []
  says = [job('running'), 'lost', 502, 503, job('running'), 504, job('done')]
  const end = await ends(pollJob(7, (j) => told.push(j.state)))
  expect(end).toMatchObject({ state: 'done' })
  expect(told).toEqual(['running', 'running', 'done'])
  expect(sent).toHaveLength(7)
})

test('a job that one may not see, or nobody knows, is not followed for ever', async () => {
  for (const status of [401, 403, 404, 500]) {
    sent.length = 0
    says = [status]
    expect(await ends(pollJob(7, () => {}))).toMatchObject({ status })
    expect(sent).toHaveLength(1)
  }
})
