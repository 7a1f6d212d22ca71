// router.test.ts - the pages and their addresses.
import { beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createApp, defineComponent, h } from 'vue'
import { RouterView, type RouteLocationNormalized } from 'vue-router'
import { setLocale } from '../src/core/i18n'
import { toasts } from '../src/core/toast'
import { router } from '../src/router'

/* A part that does not come. */
vi.mock('../src/views/Approvals.vue', () => {
  throw new Error('no connection')
})
const page = document.createElement('div')
beforeAll(async () => {
  await setLocale('en')
  createApp(defineComponent({ render: () => h(RouterView) })).use(router).mount(page)
})
beforeEach(async () => {
  await router.push('/nowhere/at/all')
  toasts.length = 0
})

test('an address that leads nowhere says so in a heading, with a way home', () => {
  expect(page.querySelector('h1')?.textContent).toBe('Not here, or not for you to see')
  expect(page.querySelector('a')?.getAttribute('href')).toBe('/')
})
test('a page that cannot be fetched is told, can be tried again, and the present one stays', async () => {
  await router.push('/approvals').catch(() => {})
  expect(router.currentRoute.value.path).toBe('/nowhere/at/all')
  expect(toasts).toEqual([expect.objectContaining({ bad: true, again: expect.any(Function) })])
  const assign = vi.spyOn(location, 'assign').mockImplementation(() => {})
  void toasts[0]!.again?.()
  expect(assign).toHaveBeenCalledWith('/approvals')
})
test('a table, a record and a place of administration are told by the address', () => {
  const at = (path: string): unknown => {
    const r = router.resolve(path) as RouteLocationNormalized
    const props = r.matched[0]?.props.default
    return typeof props === 'function' && props(r)
  }
  expect(at('/t/lead')).toEqual({ table: 'lead' })
  expect(at('/t/lead/7')).toEqual({ table: 'lead', id: 7 })
  expect(at('/admin')).toEqual({ page: '', id: '' })
  expect(at('/admin/users/3')).toEqual({ page: 'users', id: '3' })
  expect(at('/r/leads/funnel')).toEqual({ name: 'leads.funnel' })
})
