// admin.mjs - flows of the administration: its home, roles, departments, users, dictionaries, layouts, scripts, jobs.
import assert from 'node:assert/strict'
import { axe, call, DESK, open, PHONE, signIn } from './lib.mjs'
import { drag } from './looks.mjs'

export async function admin({ test, clean, ok, until, choose, small, stamp, browser, host }) {
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

  await test('administration: somebody new gets a link, chooses a password behind it once, and is signed out from afar', {}, async (page) => {
    await signIn(page)
    const user = ok(await call(page, 'POST', 'user', { name: 'Neu ' + stamp, login: 'neu.' + stamp }), 'user').row
    await page.goto('/admin/users')
    await page.locator('[data-t=userq]').fill('Neu ' + stamp)
    await page.locator(`[data-user="${user.id}"]`).click()
    await choose(page.locator('[data-t=roles] .combo'), 'sales')
    await until('the role is given', async () => (await rows(page, 'user_role', ['user_id', '=', user.id])).length === 1)
    await page.locator('[data-t=invite]').click()
    const link = await page.locator('[data-t=invitelink]').inputValue()
    await clean(page, 'a user')
    const other = await open(browser, host.url, { locale: 'vi' })
    await other.goto(link)
    await other.locator('[name=new]').fill('long-enough-' + stamp)
    await other.locator('[name=again]').fill('another')
    await other.locator('[data-t=invited]').click()
    await other.locator('.err').waitFor()
    assert.deepEqual(await axe(other), [], 'axe: choosing a password')
    await other.locator('[name=again]').fill('long-enough-' + stamp)
    await other.locator('[data-t=invited]').click()
    await other.locator('.side').waitFor()
    assert.deepEqual(other.trouble, [])
    const again = await open(browser, host.url, { locale: 'en' })
    await again.goto(link)
    await again.locator('.note.bad').waitFor()
    assert.equal(await again.locator('[name=new]').count(), 0, 'the link works once')
    await again.context().close()

    await page.reload()
    await page.locator('[data-t=end]').click()
    await until('signed out', async () => (await other.evaluate(async () => (await fetch('/api/_session')).status)) === 401)
    await other.context().close()
    await page.locator('[data-t=deactivate]').click()
    await page.locator('[data-t=yes]').click()
    await page.locator('[data-t=activate]').waitFor()
    await page.locator('[data-t=handover]').waitFor()
    assert.equal(ok(await call(page, 'GET', 'user/' + user.id), 'user').row.active, false)
  })

  await test('administration: departments move by mouse and keyboard, never below themselves, and people with them', {}, async (page) => {
    await signIn(page)
    const unit = async (name, parent_id) => ok(await call(page, 'POST', 'department', { name: `${name} ${stamp}`, parent_id }), 'department').row
    const [east, west] = [await unit('East'), await unit('West')]
    const port = await unit('Port', east.id)
    const up = async (id) => ok(await call(page, 'GET', 'department/' + id), 'department').row.parent_id ?? null
    const at = (d) => page.locator(`[data-dept="${d.id}"]`)
    await page.goto('/admin/departments')
    await drag(page, at(port), at(west))
    await until('below West', async () => (await up(port.id)) === west.id)
    await drag(page, at(west), at(port))
    await page.locator('.toast.bad').waitFor()
    assert.equal(await up(west.id), null, 'not below itself')
    await at(port).focus()
    await page.keyboard.press('m')
    await page.locator('dialog .combo input').last().fill('East ' + stamp)
    await page.locator('dialog [role=option]', { hasText: 'East ' + stamp }).click()
    await page.locator('dialog footer .btn.pri').click()
    await until('below East', async () => (await up(port.id)) === east.id)
    await at(port).focus()
    await page.keyboard.press('Enter')
    await page.locator('[data-t=join]').waitFor({ state: 'attached' })
    const user = ok(await call(page, 'POST', 'user', { name: 'Wanderer ' + stamp, login: 'wander.' + stamp }), 'user').row
    await page.reload()
    await choose(page.locator('.deptside .combo').last(), 'Wanderer ' + stamp)
    const person = page.locator(`.deptside [data-user="${user.id}"]`)
    await person.waitFor()
    await drag(page, person, at(west), { fromX: 8, fromY: 8 })
    await until('works in West', async () => ok(await call(page, 'GET', 'user/' + user.id), 'user').row.department_id === west.id)
    await choose(page.locator('.deptside .combo').first(), 'Wanderer ' + stamp)
    await until('heads Port', async () => ok(await call(page, 'GET', 'department/' + port.id), 'department').row.leader_id === user.id)
    await clean(page, 'departments')
    await page.locator('[data-t=dropdept]').click()
    await page.locator('[data-t=yes]').click()
    await until('gone', async () => (await call(page, 'GET', 'department/' + port.id)).status === 404)
    for (const d of [east, west]) {
      await call(page, 'PATCH', 'user/' + user.id, { department_id: null }, { 'If-Match': '"' + ok(await call(page, 'GET', 'user/' + user.id), 'user').row.version + '"' })
      await call(page, 'DELETE', 'department/' + d.id)
    }
  })

  /* Every screen: four languages, both sizes, both themes. */
  const SCREENS = {
    home: ['/admin', '.admcard'], roles: ['/admin/roles', '.admrow'], role: ['/admin/roles/2', '.matrix'], users: ['/admin/users', '.admrow'], user: ['/admin/users/3', '[data-session], .admrow'], departments: ['/admin/departments', '.tn'],
    department: ['/admin/departments/1', '.deptside .combo'], sessions: ['/admin/sessions', '[data-session]'],
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
