// admin.mjs - flows of the administration: its home, roles, departments, users, dictionaries, layouts, scripts, jobs.
import assert from 'node:assert/strict'
import { call, DESK, PHONE, signIn } from './lib.mjs'

export async function admin({ test, clean, ok, until, choose, small, stamp }) {
  const rows = async (page, table, filter) => ok(await call(page, 'GET', `${table}?limit=500&filter=${encodeURIComponent(JSON.stringify(filter))}`), table).rows
  const one = async (page, table, filter) => (await rows(page, table, filter))[0]

  await test('administration: the home finds a screen by a word, and who administers nothing has none', {}, async (page) => {
    await signIn(page)
    await page.locator('[data-t=admin]').click()
    await page.locator('[data-place=roles]').waitFor()
    await page.locator('[data-t=adminq]').fill('pool')
    await until('only what is about pools', async () => (await page.locator('[data-place=roles]').count()) === 0)
    assert.ok(await page.locator('[data-place=pools]').isVisible())
    await page.locator('[data-t=adminq]').fill('qqqq')
    await page.locator('.admnone').waitFor()
    await page.locator('[data-t=me]:visible').click()
    await page.locator('[data-id=out]').click()
    await page.locator('[data-demo]').nth(2).click()
    await page.locator('.side').waitFor()
    await page.goto('/admin/roles')
    await page.locator('.empty').waitFor()
    assert.equal(await page.locator('.matrix').count(), 0)
  })

  await test('administration: a role is copied, its matrix edited in place and taken back, by the keyboard too', {}, async (page) => {
    await signIn(page)
    const name = 'Copy ' + stamp
    const sales = await one(page, 'role', ['name', '=', 'sales'])
    await page.goto('/admin/roles')
    await page.locator(`[data-role="${sales.id}"]`).click()
    await page.locator('.matrix').waitFor()
    await page.locator('[data-t=rolemenu]').click()
    await page.locator('[data-id=copy]').click()
    await page.locator('dialog input').fill(name)
    await page.locator('dialog footer .btn.pri').click()
    await until('the copy opens', async () => !page.url().endsWith('/' + sales.id))
    const role = await one(page, 'role', ['name', '=', name])
    const of = (id) => rows(page, 'role_table', ['role_id', '=', id])
    const plain = (list) => list.map(({ on_table, read_scope, update_scope, delete_scope, can_create }) => [on_table, read_scope, update_scope, delete_scope, can_create].join()).sort()
    assert.deepEqual(plain(await of(role.id)), plain(await of(sales.id)), 'the copy may the same')

    const cell = page.locator('[data-table=lead] [data-deed=delete]')
    await cell.waitFor()
    const scope = async () => (await one(page, 'role_table', { and: [['role_id', '=', role.id], ['on_table', '=', 'lead']] })).delete_scope
    const before = await scope()
    await cell.selectOption('own')
    await until('it is kept', async () => (await scope()) === 'own')
    await page.locator('.toast button').last().click()
    await until('it is taken back', async () => (await scope()) === before)
    await cell.focus()
    await page.keyboard.press('End')
    await until('the last scope by the keyboard', async () => (await scope()) === 'all')

    await page.locator('[data-table=lead] [data-t=fields]').click()
    await page.locator('[data-fields=lead] [data-field=phone]').selectOption('mask')
    await until('the field is masked', async () => (await one(page, 'role_field', ['role_id', '=', role.id]))?.access === 'mask')
    await page.locator('[data-table=lead] [data-can=export]').check()
    await until('may export', async () => (await one(page, 'role_table', { and: [['role_id', '=', role.id], ['on_table', '=', 'lead']] })).can_export === true)
    assert.match(await page.locator('[data-t=inwords]').textContent(), /export/)
    await choose(page.locator('[data-t=give] .combo'), 'Lan')
    await until('somebody has it', async () => (await rows(page, 'user_role', ['role_id', '=', role.id])).length === 1)
    await page.locator('.chip [aria-label]').first().click()
    await until('and has it no more', async () => (await rows(page, 'user_role', ['role_id', '=', role.id])).length === 0)
    await clean(page, 'a role')
  })

  await test('administration: a right that a colleague changed meanwhile is asked about, not overwritten', {}, async (page) => {
    await signIn(page)
    const made = ok(await call(page, 'POST', 'role', { name: 'Stale ' + stamp }), 'role').row
    const row = ok(await call(page, 'POST', 'role_table', { role_id: made.id, on_table: 'lead', read_scope: 'own', update_scope: 'none', delete_scope: 'none' }), 'right').row
    await page.goto('/admin/roles/' + made.id)
    const cell = page.locator('[data-table=lead] [data-deed=read]')
    await cell.waitFor()
    ok(await call(page, 'PATCH', 'role_table/' + row.id, { read_scope: 'team' }, { 'If-Match': '"1"' }), 'a colleague')
    await cell.selectOption('all')
    await page.locator('dialog').waitFor()
    await clean(page, 'mine or theirs')
    await page.locator('dialog header button').click()
    await until('theirs stays', async () => (await one(page, 'role_table', ['id', '=', row.id])).read_scope === 'team')
    assert.equal(await cell.inputValue(), 'team')
  })

  /* Every screen: four languages, both sizes, both themes. */
  const SCREENS = {
    home: ['/admin', '.admcard'], roles: ['/admin/roles', '.admrow'], role: ['/admin/roles/2', '.matrix'],
  }
  for (const [i, locale] of ['zh-CN', 'zh-TW', 'vi', 'en'].entries())
    for (const [size, name, theme] of [[DESK, 'desk', i % 2 ? 'dark' : 'light'], [PHONE, 'phone', i % 2 ? 'light' : 'dark']])
      await test(`administration: screens: ${locale} ${name} ${theme}`, { size, theme, locale, touch: name === 'phone' }, async (page) => {
        await signIn(page)
        for (const [screen, [path, wait]] of Object.entries(SCREENS)) {
          await page.goto(path)
          await page.locator(wait).first().waitFor()
          await clean(page, screen)
          if (name === 'phone') assert.deepEqual(await small(page), [], 'targets under 40 px: ' + screen)
        }
      })
}
