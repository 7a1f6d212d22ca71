// records.test.ts - changing a record: one write after the other, and nobody meets himself.
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { asks } from '../src/core/asks'
import { setLocale } from '../src/core/i18n'
import { complete } from '../src/core/meta'
import { saveRow } from '../src/core/writes'
import type { Meta, Row } from '../src/core/types'
import { metaOf } from './mock/meta.mjs'

beforeAll(() => setLocale('en'))
afterEach(() => vi.unstubAllGlobals())
const meta = (): Meta => complete(metaOf('lead', 'en', true) as Meta)

/* A host with one record that answers late, as over a slow line. */
function host(row: Row & { version: number }): { asked: string[] } {
  const asked: string[] = []
  vi.stubGlobal('fetch', async (_url: string, o: { method: string; headers: Record<string, string>; body: string }) => {
    asked.push(o.headers['If-Match']!)
    await new Promise((r) => setTimeout(r, 20))
    if (o.headers['If-Match'] !== `"${row.version}"`) return new Response(JSON.stringify({ error: { code: 'stale', current: row } }), { status: 409 })
    Object.assign(row, JSON.parse(o.body), { version: row.version + 1 })
    return new Response(JSON.stringify({ row }))
  })
  return { asked }
}

test('two quick changes of one record are no conflict', async () => {
  const row = { id: 7, version: 3, city: 'A', contact: 'B' }
  const { asked } = host(row)
  const seen = { ...row }
  await Promise.all([saveRow(meta(), seen, { city: 'Ningbo' }), saveRow(meta(), seen, { contact: 'Ms Lin' })])
  expect(asked).toEqual(['"3"', '"4"'])
  expect(row).toMatchObject({ city: 'Ningbo', contact: 'Ms Lin', version: 5 })
  expect(asks).toHaveLength(0)
})
test('somebody else\'s change is asked about all the same', async () => {
  const row = { id: 8, version: 9, city: 'theirs' }
  host(row)
  const saved = saveRow(meta(), { id: 8, version: 7, city: 'A' }, { city: 'mine' })
  await vi.waitFor(() => expect(asks.map((a) => a.kind)).toEqual(['stale']))
  asks[0]!.done()
  expect(await saved).toBeUndefined()
  expect(row.city).toBe('theirs')
})
