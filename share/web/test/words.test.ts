// words.test.ts - four catalogs say the same things, and everything the code says is in them.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import enFirst from '../src/locales/en.json'
import enPages from '../src/locales/pages/en.json'
import viFirst from '../src/locales/vi.json'
import viPages from '../src/locales/pages/vi.json'
import zhCNFirst from '../src/locales/zh-CN.json'
import zhCNPages from '../src/locales/pages/zh-CN.json'
import zhTWFirst from '../src/locales/zh-TW.json'
import zhTWPages from '../src/locales/pages/zh-TW.json'

const [en, vi, zhCN, zhTW] = [{ ...enFirst, ...enPages }, { ...viFirst, ...viPages }, { ...zhCNFirst, ...zhCNPages }, { ...zhTWFirst, ...zhTWPages }]
const catalogs: Record<string, Record<string, string>> = { vi, 'zh-CN': zhCN, 'zh-TW': zhTW }
const english: Record<string, string> = en
const names = (s: string): string[] => [...new Set(s.match(/\{\w+\}/g) ?? [])].sort()
const src = resolve(import.meta.dirname, '../src')
const walk = (d: string): string[] =>
  readdirSync(d, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? walk(join(d, e.name)) : [join(d, e.name)]))
const code = walk(src).filter((f) => /\.(ts|vue)$/.test(f)).map((f) => readFileSync(f, 'utf8')).join('\n')

describe.each(Object.entries(catalogs))('%s', (_, words) => {
  test('has the same keys as English', () => {
    expect(Object.keys(words).sort()).toEqual(Object.keys(english).sort())
  })
  test('has the same placeholders as English', () => {
    for (const k of Object.keys(english)) expect([k, ...names(words[k]!)]).toEqual([k, ...names(english[k]!)])
  })
  test('leaves nothing empty and nothing in English by mistake', () => {
    const SAME = /^(API |JSON|Email|OK|E-mail|tab$|(Telegram|Webhook|Zalo|WeCom|DingTalk|Lark)$)/
    for (const [k, v] of Object.entries(words)) {
      expect(v.trim(), k).not.toBe(k === 'comma' ? '?' : '')
      if (/[a-z]{4}/.test(english[k]!.replace(/\{\w+\}/g, '')) && !SAME.test(v)) expect(v, k).not.toBe(english[k])
    }
  })
})

test('simplified and traditional Chinese do not mix', () => {
  const simplifiedOnly = /[录搜筛选个们这设务关闭删读页检测条务链复制数据导应]/
  for (const [k, v] of Object.entries(zhTW)) expect(v.replace(/[條複製數據導應]/g, ''), k).not.toMatch(/[录筛个们这设务关闭删读页检测链导应]/)
  expect(simplifiedOnly.test(Object.values(zhCN).join(''))).toBe(true)
})

test('every word the code asks for is there', () => {
  const asked = [...code.matchAll(/\bt\('([a-z.]+)'/gi)].map((m) => m[1]!).filter((k) => !k.endsWith('.'))
  expect(asked.filter((k) => !(k in english))).toEqual([])
})

test('no word is kept that nobody asks for', () => {
  const computed = /^(plugin|channel|admin\.(audited|cap|config\.deed|deed|did|job|jobs|op|run|system|users|place|say|topic|whose)|op|calendar|home\.kind|look|measure|period|unit|view\.for|error|field|history|keys|theme|mail|password|date|rights\.(add|deed|handover\.state|list|to)|(flow|rule)\.(delete\.text|intro|isoff|new|none|nosteps|step\.new|steps|what)|approval\.(act|asked|box|did|does|none|op|state|via|where)|import\.(bucket|step|mode|cancelled|choose))\b/
  const unused = Object.keys(english).filter((k) => !computed.test(k) && !code.includes(`'${k}'`))
  expect(unused).toEqual([])
})
