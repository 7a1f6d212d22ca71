// admin.mjs - flows of the administration: its home, roles, departments, users, dictionaries, layouts, scripts, jobs.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { start as startHost } from './host.mjs'
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

  await test('administration: a choice is added, moved, hidden and taken back, and forms offer it at once', {}, async (page) => {
    await signIn(page)
    const source = ok(await call(page, 'GET', '_meta/lead'), 'meta').fields.find((f) => f.name === 'source')
    const offered = async () => ok(await call(page, 'GET', '_meta/lead'), 'meta').fields.find((f) => f.name === 'source').options.map((o) => o.value)
    const key = 'e' + stamp
    await page.goto('/admin/dictionaries/' + source.of.replace('.', '-'))
    await page.locator('[data-t=additem]').click()
    await page.locator('dialog [data-field=key] input').fill(key)
    await page.locator('dialog [data-field=label_en] input').fill('Trade fair ' + stamp)
    await page.locator('dialog [data-t=save]').click()
    const row = page.locator(`[data-item="${key}"]`)
    await row.waitFor()
    await until('it is offered', async () => (await offered()).includes(key))
    const at = (await offered()).indexOf(key)
    await row.locator('[data-t=up]').click()
    await until('one place up', async () => (await offered()).indexOf(key) === at - 1)
    await page.locator('.toast button').last().click()
    await until('and back', async () => (await offered()).indexOf(key) === at)
    await page.locator('.preview input').click()
    await page.locator('.preview [role=option]', { hasText: 'Trade fair ' + stamp }).waitFor()
    await page.keyboard.press('Escape')
    await clean(page, 'choices')
    await row.locator('[data-t=hide]').click()
    await page.locator(`[data-item="${key}"].off`).waitFor()
    for (const r of await rows(page, 'dict_item', ['dict', '=', source.of])) await call(page, 'DELETE', 'dict_item/' + r.id)
  })

  await test('administration: a field of one\'s own is seen before it is there, then asked for in the form', {}, async (page) => {
    await signIn(page)
    await page.goto('/admin/fields')
    await page.locator('[data-add=lead]').click()
    await page.locator('.designer [data-field=name] input').fill('probe_' + stamp)
    await page.locator('.designer .box:not(.preview) [data-field=label_en] input').fill('Container type ' + stamp)
    await page.locator('[data-t=preview] label', { hasText: 'Container type ' + stamp }).waitFor()
    await choose(page.locator('.designer .box:not(.preview) [data-field=type] .combo'), 'Choice')
    await choose(page.locator('.designer .box:not(.preview) [data-field=of] .combo'), 'base.currency')
    await page.locator('[data-t=preview] .combo').waitFor()
    await clean(page, 'a field and how it will look')
    await page.locator('[data-t=savefield]').click()
    const row = page.locator(`[data-field="x_probe_${stamp}"]`)
    await row.waitFor()
    assert.ok(ok(await call(page, 'GET', '_meta/lead'), 'meta').fields.some((f) => f.name === 'x_probe_' + stamp && f.type === 'pick'))
    await row.locator('[data-t=dropfield]').click()
    await page.locator('[data-t=yes]').click()
    await row.waitFor({ state: 'detached' })
  })

  await test('administration: a form is arranged by mouse and keyboard, kept, gone back to, and reset', {}, async (page) => {
    await signIn(page)
    const meta = async () => ok(await call(page, 'GET', '_meta/competitor'), 'meta')
    const first = (await meta()).groups[0].name
    await page.goto('/admin/layouts/competitor')
    const names = async () => page.locator('.lgroup').first().locator('[data-field]').evaluateAll((all) => all.map((e) => e.dataset.field))
    await page.locator('.lfield').nth(1).waitFor()
    const [a, b] = await names()
    await page.locator(`[data-field="${b}"] .lname`).focus()
    await page.keyboard.press('Alt+ArrowUp')
    assert.deepEqual((await names()).slice(0, 2), [b, a])
    await page.locator('[data-t=columns]').first().selectOption('1')
    await page.locator('[data-t=savelayout]').click()
    await until('kept', async () => (await meta()).groups[0].columns === 1)
    assert.deepEqual((await meta()).fields.filter((f) => f.group === first).map((f) => f.name).slice(0, 2), [b, a])
    const may = page.locator('[data-t=hidefield]:not([disabled])').last()
    const gone = await may.evaluate((e) => e.closest('[data-field]').dataset.field)
    await drag(page, page.locator(`.lfield[data-field="${gone}"]`), page.locator('[data-group=hidden]'), { fromX: 40 })
    await page.locator(`[data-group=hidden] [data-field="${gone}"]`).waitFor()
    assert.equal(await page.locator(`[data-t=preview] [data-field="${gone}"]`).count(), 0, 'not in the preview')
    await page.locator('[data-t=savelayout]').click()
    await until('hidden', async () => (await meta()).fields.find((f) => f.name === gone).hidden === true)
    await clean(page, 'a form arranged')
    await page.locator('[data-t=backto]').first().click()
    await until('as before', async () => !(await meta()).fields.find((f) => f.name === gone).hidden)
    await page.locator('[data-t=reset]').click()
    await until('the plugin\'s own', async () => (await meta()).groups[0].columns === undefined)
  })

  await test('administration: a setting counts at once, refuses what does not fit, and goes back to the usual', {}, async (page) => {
    await signIn(page)
    await page.goto('/admin/settings')
    const box = page.locator('[data-setting="base.bin_days"]')
    await box.locator('input').fill('99999')
    await page.keyboard.press('Enter')
    await box.locator('.err').waitFor()
    await box.locator('input').fill('45')
    await page.keyboard.press('Enter')
    await until('kept', async () => (await one(page, 'setting', ['name', '=', 'base.bin_days']))?.value === '45')
    await clean(page, 'settings')
    await box.locator('[data-t=usual]').click()
    await until('the usual', async () => !(await one(page, 'setting', ['name', '=', 'base.bin_days'])))
    assert.equal(await box.locator('input').inputValue(), '90')
  })

  await test('administration: a rule is completed, refused at its line, saved, in force, and rolled back', {}, async (page) => {
    await signIn(page)
    const file = 'rules/leads.release_days.lua'
    const text = async () => ok(await call(page, 'GET', '_script/text?file=' + file), 'text').text
    const before = await text()
    await page.goto('/admin/scripts')
    await page.locator(`[data-script="${file}"]`).click()
    const code = page.locator('.code .cm-content')
    await code.waitFor()
    await code.click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type('local x = berth.tod')
    await page.locator('.code .cm-tooltip-autocomplete li', { hasText: 'today' }).click()
    await until('completed', async () => /berth\.today/.test(await code.textContent()))
    await page.locator('[data-t=check]').click()
    await page.locator('[data-t=problems] li').first().waitFor()
    await clean(page, 'a script with a problem')
    await page.locator('[data-t=savescript]').click()
    await page.locator('.toast.bad').waitFor()
    assert.equal(await text(), before, 'a broken one is refused')
    await code.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Delete') /* or Chromium keeps the colour of what was there, in a style of its own */
    await page.keyboard.insertText(`-- Leads return after 61 days (${stamp}).\nreturn function(lead)\n  return 61\nend\n`)
    await page.locator('[data-t=check]').click()
    await page.locator('[data-t=sound]').waitFor()
    await code.click()
    await page.keyboard.press('Control+s')
    await until('saved', async () => (await text()).includes(stamp))
    await page.locator('[data-t=rollback]').first().click()
    await until('rolled back', async () => (await text()) === before)
    await clean(page, 'a script')
  })

  await test('administration: backup, audit check, jobs, plugins and system answer on the screen', {}, async (page) => {
    await signIn(page)
    await page.goto('/admin/backup')
    await page.locator('[data-t=makebackup]').click()
    await page.locator('[data-backup]').first().waitFor()
    await clean(page, 'backups')
    await page.goto('/admin/audit')
    await page.locator('[data-t=verify]').click()
    await page.locator('[data-t=verdict]').waitFor()
    assert.equal(await page.locator('[data-t=verdict].bad').count(), 0)
    await page.locator('[data-t=what]').selectOption('backup')
    await page.locator('[data-audit]').first().waitFor()
    await clean(page, 'audit')
    await page.goto('/admin/jobs')
    await page.locator('[data-job][data-state=done]').first().waitFor()
    await page.locator('[data-t=part] [data-kind=timers]').click()
    const release = page.locator('[data-timer="pools.release"]')
    await release.locator('[data-t=runnow]').click()
    await release.locator('[data-t=runs]').click()
    await release.locator('[data-run=done]').first().waitFor()
    await clean(page, 'timers')
  })

  await test('administration: a configuration file is looked at, applied and taken back; a wrong one changes nothing', {}, async (page) => {
    await signIn(page)
    const name = 'E2E ' + stamp
    const give = (file, body) => page.locator('[data-t=configfile]').setInputFiles({ name: file, mimeType: 'application/json', buffer: Buffer.from(body) })
    await page.goto('/admin/config')
    assert.match(await page.locator('[data-t=getconfig]').getAttribute('href'), /^\/api\/_config\?/)
    await page.locator('[data-log]').first().waitFor()
    const file = (tags) => JSON.stringify({ berth_config: 1, product: '', sections: { tag: tags } })
    await give('none.json', '{')
    await page.locator('.err').waitFor()
    await give('wrong.json', file([{ name, color: 'red' }, { name: 7 }]))
    await page.locator('[data-deed=conflict] li').waitFor()
    assert.ok(await page.locator('[data-t=applyconfig]').isDisabled())
    assert.equal(await one(page, 'tag', ['name', '=', name]), undefined)
    await clean(page, 'a plan with problems')
    await give('tags.json', file([{ name, color: 'red' }]))
    await page.locator('[data-deed=add] li', { hasText: name }).waitFor()
    assert.equal(await one(page, 'tag', ['name', '=', name]), undefined)
    await page.locator('[data-t=applyconfig]').click()
    await until('it is there', async () => await one(page, 'tag', ['name', '=', name]))
    await page.locator('[data-log] b', { hasText: name }).waitFor()
    await clean(page, 'an applied plan')
    await page.locator('.toast button').last().click()
    await until('it is taken back', async () => !(await one(page, 'tag', ['name', '=', name])))
  })

  await test('a plugin made by new-plugin brings a page of its own; one that does not come, or wants a newer host, is refused with a card', {}, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'berth-plugin-'))
    const build = resolve(import.meta.dirname, '../../../build')
    const run = (file, args) => promisify(execFile)(file, args, { cwd: dir })
    await run(join(build, 'berth'), ['new-plugin', 'probe', '--dir', join(dir, 'src')])
    const out = join(dir, 'plugins/probe')
    mkdirSync(out, { recursive: true })
    await run('cc', ['-std=c11', '-O1', '-fPIC', '-fvisibility=hidden', '-shared', '-I', resolve(build, '../host'), '-o', join(out, 'probe.so'), join(dir, 'src/probe.c')])
    for (const part of ['ui', 'i18n']) cpSync(join(dir, 'src', part), join(out, part), { recursive: true })
    writeFileSync(join(out, 'ui/never.js'), 'export {}\n')
    writeFileSync(join(out, 'ui/broken.js'), "throw new Error('on purpose')\n")
    const board = JSON.parse(readFileSync(join(out, 'ui/pages.json'), 'utf8'))
    const bad = (id, module, sdk = 1) => ({ id, tag: 'probe-' + id, module, sdk })
    writeFileSync(join(out, 'ui/pages.json'), JSON.stringify([...board, bad('never', 'never.js'), bad('broken', 'broken.js'), bad('newer', 'board.js', 99), { id: 'other', tag: 'leads-other', module: 'board.js' }]))
    const own = await startHost({ more: ['--plugins', 'base pools leads probe', '--plugin-path', `@plugins:${join(dir, 'plugins')}`] })
    try {
      for (const [theme, locale] of [['light', 'zh-CN'], ['dark', 'vi']]) {
        const page = await open(browser, own.url, { theme, locale })
        await signIn(page)
        await page.locator('.side a[href="/p/probe/board"]').click()
        await page.locator('probe-board .btn.pri').waitFor()
        page.trouble.length = 0 /* what the home page says is for its own flows */
        await page.locator('probe-board .btn.pri').click()
        await page.locator('probe-board li').first().waitFor()
        assert.equal(ok(await call(page, 'GET', 'probe_item'), 'items').rows.length, locale === 'vi' ? 2 : 1)
        await clean(page, 'a page of a plugin')
        for (const id of ['never', 'broken', 'newer', 'nothing', 'other']) {
          await page.goto('/p/probe/' + id)
          await page.locator('[data-t=refused]').waitFor()
        }
        await clean(page, 'a page refused')
        assert.deepEqual(page.trouble, [])
        await page.context().close()
      }
    } finally {
      await own.stop()
      rmSync(dir, { recursive: true, force: true })
    }
  })

  /* Every screen: four languages, both sizes, both themes. */
  const SCREENS = {
    home: ['/admin', '.admcard'], roles: ['/admin/roles', '.admrow'], role: ['/admin/roles/2', '.matrix'], users: ['/admin/users', '.admrow'], user: ['/admin/users/3', '[data-session], .admrow'], departments: ['/admin/departments', '.tn'],
    department: ['/admin/departments/1', '.deptside .combo'], sessions: ['/admin/sessions', '[data-session]'],
    dictionaries: ['/admin/dictionaries', '[data-dict]'], dictionary: ['/admin/dictionaries/leads-source', '[data-item]'], fields: ['/admin/fields', '[data-add]'], layouts: ['/admin/layouts/lead', '.lfield, .empty'], settings: ['/admin/settings', '[data-setting]'],
    scripts: ['/admin/scripts', '[data-script]'], script: ['/admin/scripts/rules~leads-release_days', '.cm-content'], plugins: ['/admin/plugins', '[data-plugin]'], jobs: ['/admin/jobs', '.admlist'],
    audit: ['/admin/audit', '[data-audit]'], config: ['/admin/config', '[data-log]'], backup: ['/admin/backup', '[data-t=lastbackup]'], system: ['/admin/system', '[data-t=version]'],
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
