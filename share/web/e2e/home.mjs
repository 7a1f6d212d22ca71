// home.mjs - flows of the home page, reports, the next step, help and navigation.
import assert from 'node:assert/strict'
import { call, DESK, eventually, open, PHONE, signIn, until } from './lib.mjs'
import { drag } from './looks.mjs'

export async function home({ test, clean, ok, small, whole, browser, host }) {
  const SALES = 2 /* 李娜 among the demo users */
  const layout = async (page) => ok(await call(page, 'GET', '_home'), 'home').layout
  const reset = (page) => call(page, 'POST', '_home', { layout: null })

  await test('home: numbers, charts and what is due are there at the first sign-in, and lead to their records', {}, async (page) => {
    await signIn(page, SALES)
    await page.locator('.tile .kpi').first().waitFor()
    await page.locator('.plot svg').first().waitFor()
    await page.locator('[data-waiting="leads.due"] li').first().waitFor()
    await page.locator('.news article').first().waitFor() // of the demo
    await clean(page, 'home')
    const shown = await until('a number', async () => (await page.locator('.tile .kpi').first().textContent()).replace(/\D/g, ''))
    await page.locator('.tile .kpi').first().click()
    await page.locator('.gb .gr').first().waitFor()
    await until('the list has as many', async () => (await page.locator('[data-t=count]').textContent()).replace(/\D/g, '').endsWith(shown))
  })

  await test('the names in the navigation are told in full', { locale: 'en' }, async (page) => {
    await signIn(page)
    const half = () => page.locator('.nav .cut').evaluateAll((all) => all.filter((x) => x.scrollWidth > x.clientWidth || x.offsetHeight > x.closest('.nav').offsetHeight).map((x) => x.textContent))
    await eventually('beside every page', half, [])
    await page.goto('/admin/dictionaries')
    await page.locator('.pickcol .nav').first().waitFor()
    await eventually('of the dictionaries', half, [])
  })

  await test('home: tiles are moved, sized and removed by the keyboard, added from views, and stay so', {}, async (page) => {
    await signIn(page, SALES)
    await reset(page)
    await page.goto('/')
    await page.locator('[data-t=homemenu]').click()
    await page.locator('[data-id=arrange]').click()
    const first = (await layout(page))[0].tile
    await page.locator('[data-t=grip]').first().focus()
    await page.keyboard.press('ArrowRight')
    await until('it is second', async () => (await layout(page))[1].tile === first)
    await eventually('the focus goes along', () => page.evaluate(() => [...document.querySelectorAll('[data-t=grip]')].indexOf(document.activeElement)), 1)
    const wide = (await layout(page))[1].w
    await page.keyboard.press('Shift+ArrowRight')
    await until('it is wider', async () => (await layout(page))[1].w > wide)
    await page.keyboard.press('Delete')
    await until('it is gone', async () => !(await layout(page)).some((s) => s.tile === first))
    await clean(page, 'arranging')
    await page.locator('[data-t=addtile]').click()
    await page.locator('[data-t=tiletable]').selectOption('lead')
    await page.locator('[data-t=tileview]').selectOption('all')
    await page.locator('[data-t=tilekind]').selectOption('pie')
    await clean(page, 'adding a tile')
    await page.locator('[data-t=tilesave]').click()
    await until('the view is a tile', async () => (await layout(page)).some((s) => s.table === 'lead' && s.kind === 'pie'))
    await page.reload()
    await page.locator('.t-pie .plot svg').first().waitFor()
    await reset(page)
  })

  await test('home: a tile is dragged before another', {}, async (page) => {
    await signIn(page, SALES)
    await reset(page)
    await page.goto('/')
    await page.locator('[data-t=homemenu]').click()
    await page.locator('[data-id=arrange]').click()
    const [a, b, c] = (await layout(page)).map((s) => s.tile)
    await drag(page, page.locator('[data-t=grip]').nth(2), page.locator('.tile').nth(0), { fromX: 8, fromY: 8, toX: 60, toY: 40 })
    await until('it stands first', async () => (await layout(page)).slice(0, 3).map((s) => s.tile).join() === [c, a, b].join())
    await reset(page)
  })

  await test('home: on a phone a tile is dragged by a finger, at once on its grip, and moved and widened by its menu', { size: PHONE, touch: true, locale: 'vi' }, async (page) => {
    await signIn(page, SALES)
    await reset(page)
    await page.goto('/')
    await page.locator('[data-t=homemenu]').click()
    await page.locator('[data-id=arrange]').click()
    const names = async () => (await layout(page)).map((s) => s.tile)
    const [a, b, c, d] = await names()
    const grip = await page.locator('[data-t=grip]').nth(3).boundingBox()
    const to = await page.locator('.tile').nth(0).boundingBox()
    const finger = await page.context().newCDPSession(page)
    const touch = (type, x, y) => finger.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y }] })
    const from = [grip.x + grip.width / 2, grip.y + grip.height / 2], over = [to.x + to.width / 2, to.y + to.height / 2]
    const top = await page.locator('.scrollpage').evaluate((e) => e.scrollTop)
    await touch('touchStart', ...from)
    for (let i = 1; i <= 8; i++) await touch('touchMove', from[0] + (over[0] - from[0]) * i / 8, from[1] + (over[1] - from[1]) * i / 8)
    await page.locator('.flying').waitFor()
    await page.locator('.tile.dropping').waitFor()
    assert.equal(await page.locator('.scrollpage').evaluate((e) => e.scrollTop), top, 'the page stayed')
    await touch('touchEnd')
    await eventually('it stands first', async () => (await names()).slice(0, 4), [d, a, b, c])
    await page.locator('.flying').waitFor({ state: 'detached' })
    await page.locator('[data-t=tilemenu]').first().click()
    await clean(page, 'arranging on a phone')
    assert.deepEqual(await small(page), [], 'targets under 40 px')
    await page.locator('.opt[data-id=later]').click()
    await eventually('and second', async () => (await names()).slice(0, 4), [a, d, b, c])
    const wide = (await layout(page))[1].w
    await page.locator('[data-t=tilemenu]').nth(1).click()
    await page.locator('.opt[data-id=wider]').click()
    await until('it is wider', async () => (await layout(page))[1].w > wide)
    await reset(page)
  })

  await test('home: what waits and the alerts are opened by a thumb: their links are 40 px high', { size: { width: 360, height: 740 }, touch: true, locale: 'zh-CN' }, async (page) => {
    await signIn(page, SALES)
    await page.locator('.todo h3 a').first().waitFor()
    const low = (of) => page.locator(of).evaluateAll((all) => all.filter((a) => a.getBoundingClientRect().height < 39.5).map((a) => a.textContent))
    assert.deepEqual(await low('.todo a'), [])
    await page.goto('/alerts')
    await page.locator('.alert a').first().waitFor()
    assert.deepEqual(await low('.alert a'), [])
    await clean(page, 'alerts')
  })

  await test('home: what a colleague hands over is there at once, and goes once it is worked on', { locale: 'zh-CN' }, async (page, stamp) => {
    const name = 'Handed over ' + stamp
    await signIn(page, SALES)
    const me = ok(await call(page, 'GET', '_start'), 'start').user.id
    await page.locator('.todo').waitFor()
    const manager = await open(browser, host.url, {})
    await signIn(manager, 1)
    const lead = ok(await call(manager, 'POST', 'lead', { name }), 'lead').row
    ok(await call(manager, 'POST', `lead/${lead.id}/transfer`, { to_id: me }), 'transfer')
    const row = page.locator('[data-waiting=given] li', { hasText: name })
    await row.waitFor() /* told by the server */
    assert.equal(await page.locator('[data-waiting=given] h3').innerText().then((x) => x.split('\n')[0]), '新分配给我')
    assert.equal(await row.locator('.when.late').count(), 0, 'given is not overdue')
    await clean(page, 'what was given')
    await row.getByRole('link').click()
    await page.locator('h1', { hasText: name }).waitFor()
    ok(await call(page, 'POST', `lead/${lead.id}/log`, { kind: 'call', note: 'spoke with them' }), 'log')
    await page.goto('/')
    await page.locator('.todo').waitFor()
    await row.waitFor({ state: 'detached' })
  })

  await test('home: an administrator\'s arrangement becomes that of a role, for who has none of their own', {}, async (page) => {
    const BRANCH = 3 /* 張家豪, of sales, too */
    await signIn(page)
    const roles = ok(await call(page, 'GET', '_home'), 'home').roles
    const sales = roles.find((r) => r.name === 'sales')
    const colleague = await open(browser, host.url, { locale: 'vi' })
    await signIn(colleague, BRANCH)
    await reset(colleague)
    const before = await layout(colleague)
    await page.goto('/')
    const mine = await layout(page)
    assert.notDeepEqual(mine.map((s) => s.tile), before.map((s) => s.tile))
    try {
      await page.locator('[data-t=homemenu]').click()
      await clean(page, 'whose layout it becomes')
      await page.locator(`[data-id=role-${sales.id}]`).click()
      await page.locator('.toast').waitFor()
      await colleague.reload()
      await eventually('she begins with it', async () => (await layout(colleague)).map((s) => s.tile), mine.map((s) => s.tile))
      await colleague.locator('.tile').first().waitFor()
      await eventually('as many tiles as may be seen', () => colleague.locator('.tile').count(), (await layout(colleague)).filter((s) => s.tile).length)
    } finally {
      await call(page, 'POST', '_home', { layout: before, role: sales.id })
    }
  })

  await test('home: what is due is done there, and a colleague hears of it without asking', {}, async (page, stamp) => {
    await signIn(page, SALES)
    const name = 'Due at home ' + stamp
    const made = ok(await call(page, 'POST', 'lead', { name, next_action_on: '2020-01-02' }), 'lead').row
    await page.goto('/')
    const row = page.locator('[data-waiting="leads.due"] li', { hasText: name })
    await row.waitFor()
    await row.locator('button').click()
    await page.locator('dialog textarea').fill('spoke with them')
    await page.locator('dialog footer .pri').click()
    await page.locator('dialog').waitFor({ state: 'detached' })
    const step = ok(await call(page, 'PATCH', 'lead/' + made.id, { next_action_on: '2020-01-02' }, { 'If-Match': `"${ok(await call(page, 'GET', 'lead/' + made.id), 'lead').row.version}"` }), 'again')
    assert.equal(step.row.next_action_on, '2020-01-02')
    await row.waitFor() /* told by the server: the page was not touched */
    await page.goto('/t/lead/' + made.id)
    await page.locator('.step.late').waitFor()
    await clean(page, 'next step')
    await page.locator('[data-t=stepdo]').click()
    await page.locator('dialog textarea').waitFor()
    await page.keyboard.press('Escape')
  })

  await test('home: on a record\'s page the list goes on', {}, async (page) => {
    await signIn(page, SALES)
    await page.goto('/t/lead?view=mine')
    await page.locator('.gb .gr').nth(2).waitFor()
    const titles = await page.locator('.gb .gr a.title').allTextContents()
    await page.locator('.gb .gr').nth(0).locator('a.title').click()
    await page.locator('[data-t=expand]').click()
    await page.waitForURL(/\/t\/lead\/\d+/) // until then j is the list's
    await page.locator('.page').getByRole('button', { name: 'Next record' }).and(page.locator(':enabled')).waitFor() // it knows the list
    await page.keyboard.press('j')
    await eventually('the next one', () => page.locator('h1').textContent(), titles[1])
    await page.locator('.page').getByRole('button', { name: 'Previous record' }).and(page.locator(':enabled')).waitFor()
    await page.keyboard.press('k')
    await eventually('and back', () => page.locator('h1').textContent(), titles[0])
  })

  await test('home: groups of the navigation fold and stay folded', {}, async (page) => {
    await signIn(page, SALES)
    const group = page.locator('[data-nav=work]')
    await eventually('open', () => group.getAttribute('aria-expanded'), 'true')
    await group.click()
    await page.locator('.side a[href="/t/task"]').waitFor({ state: 'detached' })
    await page.reload()
    await eventually('still folded', () => group.getAttribute('aria-expanded'), 'false')
    await page.goto('/t/task')
    await page.locator('.side a[href="/t/task"].on').waitFor()
  })

  await test('reports: the funnel answers its form, as a chart and as a table', {}, async (page) => {
    await signIn(page, 1)
    await page.goto('/r/opportunities/funnel')
    await page.locator('.plot svg').first().waitFor()
    const before = await page.locator('.reptable tbody tr').first().textContent()
    await page.goto('/r/opportunities/funnel?user=3')
    await until('one person has less', async () => (await page.locator('.reptable tbody tr').first().textContent()) !== before)
    await page.locator('[data-t=astable]').click()
    await eventually('no chart', () => page.locator('.plot:visible').count(), 0)
  })

  await test('help: ? opens the page about the screen, the manual is searched', {}, async (page) => {
    await signIn(page, SALES)
    await page.goto('/t/opportunity')
    await page.locator('.gb .gr, .bcard').first().waitFor()
    await page.keyboard.press('?')
    await page.locator('dialog .manual h2', { hasText: 'Opportunities' }).waitFor()
    await clean(page, 'help of a screen')
    await page.locator('[data-t=allhelp]').click()
    await page.locator('[data-t=helpq]').fill('last four digits')
    await page.locator('[data-t=helphits] button').first().click()
    await page.locator('.helpbody h2', { hasText: 'Search' }).waitFor()
    await page.goto('/t/task')
    await page.locator('[data-t=help]').click()
    await page.locator('dialog .manual h2', { hasText: 'Activities' }).waitFor()
  })

  await test('help: an empty list leads to the page about it', {}, async (page) => {
    await signIn(page)
    await page.goto('/t/custom_field')
    await page.locator('[data-t=how]').click()
    await page.locator('dialog .manual h2', { hasText: 'Lists' }).waitFor()
    await clean(page, 'help of an empty list')
  })

  const SCREENS = { home: ['/', '.tile .kpi'], report: ['/r/opportunities/funnel', '.plot svg'], help: ['/help/lists', '.manual h2'], alerts: ['/alerts', '.prefs h2'], decisions: ['/approvals', '.appage li, .empty'], handover: ['/handover/3', '[data-table]'], duplicates: ['/t/lead/duplicates', '[data-t=groups-find]'] }
  for (const [i, locale] of ['zh-CN', 'zh-TW', 'vi', 'en'].entries())
    for (const [size, name, theme] of [[DESK, 'desk', i % 2 ? 'dark' : 'light'], [PHONE, 'phone', i % 2 ? 'light' : 'dark']])
      await test(`home: screens: ${locale} ${name} ${theme}`, { size, theme, locale, touch: name === 'phone' }, async (page) => {
        await signIn(page, 1)
        for (const [screen, [path, wait]] of Object.entries(SCREENS)) {
          await page.goto(path)
          await page.locator(wait).first().waitFor()
          await whole(page, screen, theme, name)
        }
      })
}
