// router.test.ts - addresses and pages; and what an address asks ahead.
import { beforeEach, expect, test } from 'vitest'
import { nextTick } from 'vue'
import { ahead, keepAsked, note, ASKED } from '../src/first'
import { page, router, startRouter, useRoute, type PageRoute } from '../src/core/router'
import { toasts } from '../src/core/toast'

const A = { name: 'A' }
const B = { name: 'B' }
let arrive: (page: { default: object }) => void
let fail: (e: Error) => void
const routes: PageRoute[] = [
  { path: /^\/t\/(?<table>[^/]+)\/?$/, page: A, props: (p) => ({ table: p.table }) },
  { path: /^\/late\/(?<n>\d+)$/, page: () => new Promise((ok, no) => { arrive = ok; fail = no }), lazy: true, props: (p) => ({ n: Number(p.n) }) },
  { path: /^/, page: B },
]
const route = useRoute()
beforeEach(() => {
  history.replaceState(null, '', '/t/lead?view=all')
  startRouter(routes)
  toasts.length = 0
})

test('an address is a page with its parameters and its query', () => {
  expect(page.value?.is).toBe(A)
  expect(page.value?.props).toEqual({ table: 'lead' })
  expect(route.query).toEqual({ view: 'all' })
  router.push('/t/b%C3%A9')
  expect(route.params.table).toBe('b\u00e9')
  router.push('/anything/else')
  expect(page.value?.is).toBe(B)
})
test('a query alone stays on the page; what is undefined is left out; any text comes back as it was', () => {
  const text = 'A&B+C = 50% #1 "\u6df1\u5733" [x]'
  router.push({ query: { q: text, none: undefined } })
  expect(location.pathname).toBe('/t/lead')
  expect(route.query).toEqual({ q: text })
  history.replaceState(null, '', location.href)
  startRouter(routes)
  expect(route.query).toEqual({ q: text })
})
test('the present page stays until the next one is there, and the last one asked for wins', async () => {
  router.push('/late/1')
  const first = arrive
  expect(route.path).toBe('/t/lead')
  router.push('/t/customer')
  first({ default: B })
  await nextTick()
  expect(route.path).toBe('/t/customer')
  router.push('/late/2')
  expect(page.value?.props).toEqual({ n: 2 })
})
test('the same address twice is one entry', () => {
  const before = history.length
  router.push('/t/lead?view=all')
  expect(history.length).toBe(before)
  expect(router.came()).toBe(false)
  router.push('/t/customer')
  expect(router.came()).toBe(true)
})
test('a page that cannot be fetched is told, and can be tried again', async () => {
  const other: PageRoute[] = [{ path: /^\/broken$/, page: () => new Promise((_, no) => (fail = no)), lazy: true }, ...routes]
  startRouter(other)
  router.push('/broken')
  fail(new Error('no connection'))
  await nextTick()
  await nextTick()
  expect(route.path).toBe('/t/lead')
  expect(toasts.some((x) => x.bad && x.again)).toBe(true)
})
test('what an address asked is kept without searches, filters and records', () => {
  const here = location.pathname + location.search
  history.replaceState(null, '', '/')
  for (const url of ['/api/lead?locale=en&view=all', '/api/lead?locale=en&q=secret', '/api/lead?locale=en&filter=%5B%5D', '/api/lead/7?locale=en', '/api/_start?locale=en']) note(url)
  keepAsked()
  expect(JSON.parse(localStorage.getItem(ASKED) ?? '{}')).toEqual({ '/': ['/api/lead?locale=*&view=all'] })
  expect(ahead('/api/never?locale=en')).toBeUndefined()
  history.replaceState(null, '', here)
})
