// size.test.ts - what the browser loads before the first rows stays under the budget.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { build } from 'vite'
import { gz } from '../scripts/gz.mjs'

interface Chunk { file: string; imports?: string[]; css?: string[]; isEntry?: boolean; isDynamicEntry?: boolean }
const out = mkdtempSync(join(tmpdir(), 'berth-ui-'))
let manifest: Record<string, Chunk> = {}
const size = (file: string): number => gz(join(out, file)).length

beforeAll(async () => {
  vi.stubEnv('NODE_ENV', 'production')
  await build({ root: resolve(import.meta.dirname, '..'), mode: 'production', logLevel: 'error', build: { outDir: out, emptyOutDir: true } })
  manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as Record<string, Chunk>
}, 120_000)
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(out, { recursive: true })
})

function needed(key: string, seen = new Set<string>()): Set<string> {
  const c = manifest[key]!
  if (seen.has(c.file)) return seen
  seen.add(c.file)
  c.css?.forEach((f) => seen.add(f))
  c.imports?.forEach((k) => needed(k, seen))
  return seen
}

const first = (): Set<string> => needed(Object.keys(manifest).find((k) => manifest[k]!.isEntry)!)

test('the first load is at most 90 KB compressed, words included', () => {
  const files = first()
  needed('src/locales/vi.json', files)
  needed('src/ui/DataGrid.vue', files) // asked for along with the words
  const sum = [...files].reduce((n, f) => n + size(f), 0)
  console.log(`first load: ${(sum / 1024).toFixed(1)} KB gz`)
  expect(sum).toBeLessThanOrEqual(90 * 1024)
})
test('no part loaded later is over 40 KB compressed, the charts not over 200, the editor not over 125', () => {
  const most = (file: string): number => (/\/Chart-/.test(file) ? 200 : /\/Code-/.test(file) ? 125 : 40) * 1024
  const early = first()
  const big = Object.values(manifest).filter((c) => !early.has(c.file) && c.file.endsWith('.js') && size(c.file) > most(c.file))
  expect(big.map((c) => c.file)).toEqual([])
})
test('nothing is fetched from elsewhere', () => {
  const files = [...new Set(Object.values(manifest).flatMap((c) => [c.file, ...(c.css ?? [])]))]
  for (const f of files) {
    const text = readFileSync(join(out, f), 'utf8')
    const urls = (text.match(/https?:\/\/[^\s"'`)\\]+/g) ?? []).filter((u) => !/^https?:\/\/(www\.w3\.org|vuejs\.org|v3\.vuejs\.org|router\.vuejs\.org|github\.com|echarts\.apache\.org)/.test(u))
    expect([f, urls.filter((u) => u !== 'https://')]).toEqual([f, []])
  }
})
