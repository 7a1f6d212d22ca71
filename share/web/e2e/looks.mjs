// looks.mjs - flows of looking at many records: saved views, nested filters, groups, boards, calendars, trees, relations, exports.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { call, enterMoment, eventually, open, PHONE, signIn, until } from './lib.mjs'

/** Drags with real pointer events, in steps as a hand does. */
export async function drag(page, from, to, at = {}) {
  await to.scrollIntoViewIfNeeded() /* which waits until they stand still */
  await from.scrollIntoViewIfNeeded()
  const a = await from.boundingBox()
  const b = await to.boundingBox()
  await page.mouse.move(a.x + (at.fromX ?? a.width / 2), a.y + (at.fromY ?? a.height / 2))
  await page.mouse.down()
  await page.mouse.move(a.x + a.width / 2 + 12, a.y + a.height / 2 + 12, { steps: 3 })
  await page.mouse.move(b.x + (at.toX ?? b.width / 2), b.y + (at.toY ?? b.height / 2), { steps: 8 })
  await page.mouse.up()
}

export async function looks({ test, clean, ok, browser, host, metaOf, make, fetchRow, choose, rowsShown, pickField, TABLE }) {
  const all = `/t/${TABLE}?view=all`
  const drop = async (page, table, stamp) => {
    for (const r of ok(await call(page, 'GET', `${table}?limit=500`), 'list').rows) if (String(r.name).includes(stamp)) await call(page, 'DELETE', `${table}/${r.id}`)
  }

  await test('what a list shows is saved as a view, opens again, first and without its name in the address, and goes', {}, async (page, stamp) => {
    await signIn(page)
    const m = await metaOf(page)
    const pick = pickField(m)
    const town = `Sicht${stamp}`
    const text = m.fields.find((f) => f.name === 'city') ?? m.fields.find((f) => f.type === 'text' && f.name !== m.title && !f.readonly)
    for (const v of [0, 0, 1]) await make(page, m, { [text.name]: town, [pick.name]: pick.options[v].value })
    await page.goto(`${all}&by=${pick.name}&f=${encodeURIComponent(JSON.stringify([text.name, '=', town]))}`)
    await page.locator('[data-group]').nth(1).waitFor()
    await page.locator('[data-t=saveview]').click()
    await page.locator('[data-t=viewname]').fill('Meine ' + stamp)
    await page.locator('dialog label.check').nth(1).click()
    await clean(page, 'saving a view')
    await page.locator('[data-t=viewsave]').click()
    const tab = page.locator('.tab', { hasText: 'Meine ' + stamp })
    await tab.waitFor()
    await until('the tab is chosen', async () => (await tab.getAttribute('aria-selected')) === 'true')
    await until('the address holds what differs only', () => !/[?&](by|f)=/.test(page.url()))
    await page.goto(`/t/${TABLE}`)
    await eventually('it opens first', () => tab.getAttribute('aria-selected'), 'true')
    await eventually('its three records', () => page.locator('[data-row]').count(), 3)
    await page.locator('[data-t=viewmenu]').click()
    await clean(page, 'menu of a view')
    await page.locator('.opt[data-id=delete]').click()
    await tab.waitFor({ state: 'detached' })
    await page.locator('.toast', { hasText: stamp }).locator('[data-t=undo]').click()
    await tab.waitFor()
    await page.goto(`/t/${TABLE}`)
    await eventually('after Undo it opens first, as it did', () => tab.getAttribute('aria-selected'), 'true')
    await page.locator('[data-t=viewmenu]').click()
    await page.locator('.opt[data-id=delete]').click()
    await tab.waitFor({ state: 'detached' })
    await page.locator('[data-t=viewmenu]').click()
    await page.locator('.opt[data-id=binned]').click()
    await page.locator('[data-row]', { hasText: stamp }).locator('.chk label').click()
    await clean(page, 'deleted views')
    await page.locator('[data-t=restore]').click()
    await page.locator('[data-row]', { hasText: stamp }).waitFor({ state: 'detached' })
    await page.goto(`/t/${TABLE}`)
    await tab.waitFor()
    await drop(page, 'saved_view', stamp)
  })

  await test('conditions nest: any of these within all of those, with periods', {}, async (page, stamp) => {
    await signIn(page)
    const m = await metaOf(page)
    const pick = pickField(m)
    const common = `Nest${stamp}`
    for (const v of [0, 1, 2]) await make(page, m, { [m.title]: `${common} ${v}`, [pick.name]: pick.options[v % pick.options.length].value })
    await page.goto(`${all}&q=${common}`)
    await rowsShown(page, 3)
    await page.locator('[data-t=filter]').click()
    const line = (n) => page.locator('.fb .line').nth(n)
    await choose(line(0).locator('.combo').first(), pick.label)
    await choose(line(0).locator('.combo').nth(1), pick.options[0].label)
    await rowsShown(page, 1)
    await page.keyboard.press('Escape')
    await page.locator('[data-t=addgroup]').first().click()
    await choose(line(1).locator('.combo').first(), m.fields.find((f) => f.name === 'created_at').label)
    await line(1).locator('[data-t=period]').selectOption('@next_month')
    await until('none of next month', async () => (await page.locator('[data-row]').count()) === 0)
    await page.locator('[data-t=any]').first().click()
    await rowsShown(page, 1)
    await line(1).locator('[data-t=period]').selectOption('@last_d') // today, and yesterday if midnight lies between
    await rowsShown(page, 3)
    await clean(page, 'nested filter')
    const address = page.url()
    await page.goto(address)
    await rowsShown(page, 3)
    await eventually('any of several is one chip', () => page.locator('.chip').count(), 1)
  })

  for (const [size, name] of [[undefined, 'desk'], [PHONE, 'phone']]) await test('a list is shown as it was at a moment, changes nothing there, and comes back: ' + name, size ? { size, touch: true } : {}, async (page, stamp) => {
    await signIn(page)
    const m = await metaOf(page)
    const row = await make(page, m, { city: 'Then' + stamp })
    const then = new Date(Date.parse(row.created_at) + 1).toISOString()
    await new Promise((r) => setTimeout(r, 20))
    ok(await call(page, 'PATCH', `${TABLE}/${row.id}`, { version: row.version, city: 'Now' + stamp }), 'change')
    const cityOf = `&f=${encodeURIComponent(JSON.stringify(['id', '=', row.id]))}`
    await page.goto(`${all}${cityOf}&asof=${then}`)
    await page.locator('[data-t=asof]').waitFor()
    await page.getByText('Then' + stamp).first().waitFor()
    await eventually('nothing is made there', () => page.locator('[data-t=new]').count(), 0)
    await clean(page, 'a list of then')
    await enterMoment(page.locator('[data-t=asof]'), '2020-01-01T08:00')
    await page.keyboard.press('Enter')
    await until('nothing was there', async () => (await page.getByText('Then' + stamp).count()) === 0)
    await page.locator('[data-t=asofnow]').click()
    await page.getByText('Now' + stamp).first().waitFor()
    await page.locator('[data-t=asof]').waitFor({ state: 'detached' })
  })

  for (const [size, name] of [[undefined, 'desk'], [PHONE, 'tablet']]) await test('a first click on a head sorts, though dragging is not there yet, and nothing flies after it: ' + name, size ? { size: { width: 1024, height: 768 }, touch: true } : {}, async (page) => {
    await signIn(page)
    await page.goto('/t/lead?view=all')
    await page.route(/drag-.*\.js/, async (r) => { await new Promise((later) => setTimeout(later, 400)); await r.continue() })
    await page.locator('.gb .gr').first().waitFor()
    const came = page.waitForResponse(/drag-.*\.js/)
    const head = page.locator('[data-sort=next_action_on]')
    if (size) await head.tap()
    else await head.click()
    await until('sorted', async () => /sort=next_action_on/.test(page.url()))
    await came
    await page.mouse.move(400, 400)
    await page.mouse.move(500, 500)
    await page.evaluate(() => new Promise((r) => setTimeout(r, 500))) /* a long press would begin by then */
    assert.equal(await page.locator('.flying').count(), 0)
    if (size) return
    await page.locator('[data-sort=name]').click({ modifiers: ['Shift'] })
    await until('by both', async () => /sort=next_action_on,name/.test(decodeURIComponent(page.url())))
    assert.deepEqual(await page.locator('.gh small').allInnerTexts(), ['2', '1'])
  })

  await test('the keyboard stays with a column that is added or moved, and Escape closes', {}, async (page) => {
    await signIn(page)
    await page.goto('/t/lead?view=all')
    await page.locator('[data-t=columns]').click()
    const line = page.locator('.cc li', { hasText: 'Website' })
    await line.locator('input').focus()
    await page.keyboard.press('Space')
    await page.locator('[data-sort=website]').waitFor({ state: 'attached' })
    const up = line.locator('button').first()
    await up.focus()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    const heads = () => page.locator('.gh [data-sort]').evaluateAll((all) => all.map((x) => x.dataset.sort))
    await until('moved by two', async () => { const h = await heads(); return h.indexOf('website') === h.length - 3 })
    await page.keyboard.press('Escape')
    await page.locator('.disp').waitFor({ state: 'detached' })
    await page.locator('[data-t=columns]:focus').waitFor()
  })

  await test('groups open and close, the keyboard reaches them, sums stand at the foot', {}, async (page, stamp) => {
    await signIn(page)
    const m = await metaOf(page)
    const pick = pickField(m)
    const common = `Gruppe${stamp}`
    for (const v of [0, 0, 1]) await make(page, m, { [m.title]: `${common} ${Math.random()}`, [pick.name]: pick.options[v].value })
    await page.goto(`${all}&q=${common}`)
    await rowsShown(page, 3)
    await page.locator('[data-t=columns]').click()
    await choose(page.locator('.disp [data-t=by]'), pick.label)
    await page.keyboard.press('Escape')
    await page.locator('.ghead').nth(1).waitFor()
    await until('three rows', async () => (await page.locator('[data-row]').count()) === 3)
    await page.locator('.gflip').first().click()
    await until('one row', async () => (await page.locator('[data-row]').count()) === 1)
    await page.locator('.grid').focus()
    await page.keyboard.press('Home')
    await page.keyboard.press('Enter')
    await until('three again', async () => (await page.locator('[data-row]').count()) === 3)
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.locator('.bulk').waitFor()
    await clean(page, 'grouped list')
    for (const n of [3, 4]) ok(await call(page, 'POST', 'series', { name: `Reihe ${stamp} ${n}`, digits: n, next: n }), 'series')
    await page.goto(`/t/series?sums=digits,next:max&q=${''}&f=${encodeURIComponent(JSON.stringify(['name', '~', stamp]))}`)
    await page.locator('[data-t=sums]').waitFor()
    await until('the sum', async () => /7/.test(await page.locator('[data-t=sums]').textContent()))
    await clean(page, 'sums')
    await drop(page, 'series', stamp)
  })

  await test('a card is dragged to another column, moved back by menu, and the sums follow', {}, async (page) => {
    await signIn(page)
    const m = await metaOf(page)
    const pick = m.fields.find((f) => f.name === m.views.find((v) => v.look === 'board')?.by) ?? pickField(m)
    const row = await make(page, m, { [pick.name]: pick.options[0].value })
    await page.goto(`${all}&look=board&by=${pick.name}&q=${encodeURIComponent(row[m.title])}`)
    const card = page.locator(`[data-card="${row.id}"]`)
    await card.waitFor()
    const col = (n) => page.locator(`[data-col="${pick.options[n].value}"]`)
    await drag(page, card, col(1).locator('.bcards'))
    await col(1).locator(`[data-card="${row.id}"]`).waitFor()
    await until('saved', async () => (await fetchRow(page, row.id)).row[pick.name] === pick.options[1].value)
    await until('counted', async () => (await col(1).locator('[data-t=colcount]').textContent()) === '1' && (await col(0).locator('[data-t=colcount]').textContent()) === '0')
    await clean(page, 'board')
    await col(1).locator('[data-card]').focus()
    await page.keyboard.press('m')
    await page.locator(`.opt[data-id="to-${pick.options[0].value}"]`).waitFor()
    await clean(page, 'move to')
    await page.locator(`.opt[data-id="to-${pick.options[0].value}"]`).click()
    await until('moved back', async () => (await fetchRow(page, row.id)).row[pick.name] === pick.options[0].value)
    await col(0).locator('[data-card]').click()
    await page.locator('.peek .kv').first().waitFor()
  })

  await test('a board by a reference shows every stage of what is in use, in order and colour', {}, async (page) => {
    await signIn(page)
    const meta = (await call(page, 'GET', '_meta/opportunity')).body
    if (!meta?.fields) return /* the plugin is off, or this is the mock */
    const by = meta.fields.find((f) => f.name === meta.views.find((v) => v.look === 'board')?.by)
    const rows = (await call(page, 'GET', `${by.of}?sort=${by.board.parent},${by.board.place}&limit=200`)).body.rows
    const lane = rows.filter((r) => r[by.board.parent] === rows[0][by.board.parent])
    const made = (await call(page, 'POST', 'opportunity', { [meta.title]: 'Boarded ' + Date.now().toString(36), pipeline_id: rows[0][by.board.parent], [by.name]: lane[0].id })).body

    await page.goto(`/t/opportunity?view=all&look=board&by=${by.name}&q=${encodeURIComponent(made.row[meta.title])}`)
    await page.locator(`[data-col="${lane[0].id}"] [data-card="${made.row.id}"]`).waitFor()
    const shown = () => page.locator('.bcol').evaluateAll((all) => all.map((c) => [Number(c.dataset.col), c.querySelector('.bhead .pill')?.className.replace('pill c-', '')]))
    await eventually('its columns', shown, lane.map((r) => [r.id, r[by.board.color]]))
    await clean(page, 'board by stage')
    await page.goto(`/t/opportunity?view=all&look=board&q=${encodeURIComponent(made.row[meta.title])}`)
    await eventually('of itself a board is by what is in order', shown, lane.map((r) => [r.id, r[by.board.color]]))
  })

  await test('on a phone a card is moved by its menu', { size: PHONE, touch: true }, async (page) => {
    await signIn(page)
    const m = await metaOf(page)
    const pick = pickField(m)
    const row = await make(page, m, { [pick.name]: pick.options[0].value })
    await page.goto(`${all}&look=board&by=${pick.name}&q=${encodeURIComponent(row[m.title])}`)
    await page.locator(`[data-card="${row.id}"]`).waitFor()
    await page.locator('[data-t=moveto]').tap()
    await page.locator(`.opt[data-id="to-${pick.options[1].value}"]`).tap()
    await until('moved', async () => (await fetchRow(page, row.id)).row[pick.name] === pick.options[1].value)
    await clean(page, 'board on the phone')
  })

  await test('in the calendar a record is dragged to another day and moved by keys', {}, async (page) => {
    await signIn(page)
    const m = await metaOf(page)
    const date = m.fields.find((f) => f.type === 'date' && !f.readonly)
    const row = await make(page, m, { [date.name]: '2031-05-14' })
    const day = async () => (await fetchRow(page, row.id)).row[date.name]
    await page.goto(`${all}&look=calendar&mode=month&from=${date.name}&day=2031-05-01&q=${encodeURIComponent(row[m.title])}`)
    const event = page.locator(`[data-event="${row.id}"]`)
    await event.waitFor()
    await drag(page, event, page.locator('.mday[data-drop="2031-05-22"]'))
    await until('dragged', async () => (await day()) === '2031-05-22')
    const under = () => event.evaluate((e) => { const at = e.getBoundingClientRect(); return document.elementsFromPoint(at.x + at.width / 2, at.y + at.height / 2).find((x) => x.matches('.mday'))?.dataset.drop })
    await eventually('drawn there', under, '2031-05-22')
    await event.focus()
    await page.keyboard.press('Alt+ArrowRight')
    await until('a day on', async () => (await day()) === '2031-05-23')
    await clean(page, 'month')
    await page.locator('[data-mode=week]').click()
    await page.locator('.days').waitFor()
    await page.locator('[data-mode=agenda]').click()
    await page.locator('.agenda').waitFor()
    await clean(page, 'agenda')
    await page.locator('[data-t=prev]').click()
    await page.locator('[data-mode=month]').click()
    await page.locator('.mday[data-drop="2031-04-09"]').click({ position: { x: 60, y: 60 } })
    await page.locator('dialog form').waitFor()
    await until('the day is filled in', async () => /9/.test(await page.locator(`dialog [data-field=${date.name}]`).textContent()))
  })

  await test('a visit is dragged to another day and hour, and pulled to last longer', {}, async (page, stamp) => {
    await signIn(page)
    const m = await call(page, 'GET', '_meta/activity')
    const v = m.body?.views?.find((x) => x.look === 'calendar' && x.from && x.to)
    if (!v) return
    const date = m.body.fields.find((f) => f.name === v.from)
    if (date.type !== 'time') return
    const zone = ok(await call(page, 'GET', '_start'), 'start').company.zone
    /* Ten o'clock on that wall, on a Wednesday. */
    const guess = new Date('2031-05-14T10:00:00Z')
    const wall = new Date(guess.toLocaleString('sv-SE', { timeZone: zone }).replace(' ', 'T') + 'Z')
    const start = new Date(guess.getTime() - (wall - guess))
    const row = ok(await call(page, 'POST', 'activity', { [m.body.title]: 'Besuch ' + stamp, [v.from]: start.toISOString(), [v.to]: new Date(start.getTime() + 3600_000).toISOString() }), 'create').row
    const read = async () => ok(await call(page, 'GET', 'activity/' + row.id), 'read').row
    await page.goto(`/t/activity?view=${v.name}&mode=week&day=2031-05-14&q=Besuch`)
    const block = page.locator(`.block[data-event="${row.id}"]`)
    await block.waitFor()
    await block.scrollIntoViewIfNeeded()
    const hour = (await page.locator('.dcol').first().boundingBox()).height / 24
    const a = await block.boundingBox()
    const day = (await page.locator('.dcol').nth(1).boundingBox()).x - (await page.locator('.dcol').nth(0).boundingBox()).x
    await page.mouse.move(a.x + 20, a.y + 12)
    await page.mouse.down()
    await page.mouse.move(a.x + 40, a.y + 20, { steps: 3 })
    await page.mouse.move(a.x + 20 + day, a.y + 12 + hour * 2, { steps: 8 })
    await page.mouse.up()
    const hours = async () => { const now = await read(); return [v.from, v.to].map((f) => (Date.parse(now[f]) - start.getTime()) / 3600_000) }
    await eventually('both ends a day and two hours later', hours, [26, 27])
    await until('drawn there', async () => Math.abs((await block.boundingBox()).x - a.x - day) < 4)
    await block.evaluate((e) => e.scrollIntoView({ block: 'center' }))
    const b = await block.boundingBox()
    await page.mouse.move(b.x + 30, b.y + b.height - 3)
    await page.mouse.down()
    await page.mouse.move(b.x + 30, b.y + b.height + 12, { steps: 3 })
    await page.mouse.move(b.x + 30, b.y + b.height - 3 + hour, { steps: 6 })
    await page.mouse.up()
    await eventually('an hour longer, from the same beginning', hours, [26, 28])
    await clean(page, 'week')
    await call(page, 'DELETE', 'activity/' + row.id)
  })

  await test('a department is dragged below another, walked to by keys, and never below itself', {}, async (page, stamp) => {
    await signIn(page)
    const mk = async (name, parent_id = null) => ok(await call(page, 'POST', 'department', { name: `${name} ${stamp}`, parent_id }), 'department').row
    const [a, b] = [await mk('A'), await mk('B')]
    const parent = async (id) => ok(await call(page, 'GET', 'department/' + id), 'read').row.parent_id
    await page.goto('/t/department?view=tree')
    const node = (id) => page.locator(`[data-node="${id}"]`)
    await node(b.id).waitFor()
    await drag(page, node(b.id), node(a.id), { fromX: 60, toX: 60 })
    await until('below', async () => (await parent(b.id)) === a.id)
    await until('shown below', async () => (await node(b.id).getAttribute('aria-level')) === '2')
    await drag(page, node(a.id), node(b.id), { fromX: 60, toX: 90 })
    await page.locator('.toast.bad').waitFor()
    assert.equal(await parent(a.id), null)
    await node(a.id).focus()
    await page.keyboard.press('ArrowLeft')
    await node(b.id).waitFor({ state: 'detached' })
    await page.keyboard.press('ArrowRight')
    await node(b.id).waitFor()
    await page.keyboard.press('ArrowRight')
    await eventually('on the one below', () => page.evaluate(() => document.activeElement?.getAttribute('data-node')), String(b.id))
    await page.keyboard.press('m')
    await page.locator('dialog .combo').first().waitFor()
    await clean(page, 'moving a node')
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    await clean(page, 'tree')
    await drop(page, 'department', stamp)
    await drop(page, 'department', stamp)
  })

  await test('one walks from a record to its neighbours and on', {}, async (page) => {
    await signIn(page)
    const m = await metaOf(page)
    const row = await make(page, m)
    await page.goto(`${all}&look=graph&root=${row.id}`)
    await page.locator(`[data-node="${TABLE}/${row.id}"]`).waitFor()
    const owner = page.locator(`[data-node="user/${row.owner_id}"]`)
    await owner.waitFor()
    await owner.focus()
    await page.keyboard.press('Enter')
    await page.locator('.gnode').nth(5).waitFor()
    await page.locator(`[data-link="in:${TABLE}.owner_id"]`).waitFor()
    await clean(page, 'relations')
    await page.locator('.glink .link').first().click()
    await until('one further', async () => (await page.locator('.gnode.walked').count()) === 3)
  })

  await test('a list is exported as it is seen, and a selection, and all that match', {}, async (page, stamp) => {
    await signIn(page)
    const m = await metaOf(page)
    if (!m.rights.export) return
    const common = `Export${stamp}`
    for (let i = 0; i < 3; i++) await make(page, m, { [m.title]: `${common} ${i}` })
    await page.goto(`${all}&q=${common}`)
    await rowsShown(page, 3)
    const fetched = async (press) => {
      const [file] = await Promise.all([page.waitForEvent('download'), press()])
      return { name: file.suggestedFilename(), body: readFileSync(await file.path()) }
    }
    await page.locator('[data-t=more]').click()
    const csv = await fetched(() => page.locator('.opt[data-id=export-csv]').click())
    assert.match(csv.name, /\.csv$/)
    assert.equal(csv.body.toString('utf8').trim().split('\r\n').length, 4)
    await page.locator('.gc.chk label').first().click()
    await page.locator('[data-t=bulkmore]').click()
    const xlsx = await fetched(() => page.locator('.opt[data-id=export-xlsx]').click())
    assert.match(xlsx.name, /\.xlsx$/)
    assert.equal(xlsx.body.subarray(0, 2).toString(), 'PK')
  })

  await test('a long list is scrolled far and back, and keeps only a part of it', {}, async (page) => {
    await signIn(page)
    const m = await metaOf(page)
    const n = ok(await call(page, 'GET', `${TABLE}/_aggregate`), 'count').total.count
    if (n < 200) return
    await page.goto(all)
    await page.locator('[data-row]').first().waitFor()
    const first = await page.locator('[data-row]').first().getAttribute('id')
    for (let y = 1; y <= 6; y++) {
      await page.locator('.grid').evaluate((g) => g.scrollTo({ top: g.scrollHeight }))
      await until('more rows', async () => page.evaluate((k) => Number(document.querySelector('.gb > .gr:last-child')?.getAttribute('aria-rowindex')) > k, y * 40))
    }
    await until('only what is in sight is drawn', async () => (await page.locator('.gb > .gr').count()) < 60)
    await page.locator('.grid').evaluate((g) => g.scrollTo({ top: 0 }))
    await page.locator(`#${first}`).waitFor()
  })

  await test('a list that was scrolled far is found there again behind a record, and a range with Shift holds also what was let go', {}, async (page, stamp) => {
    await signIn(page)
    const ROWS = 1100 /* more than a list keeps */
    const town = `Weit${stamp}`
    const csv = ['name,city', ...Array.from({ length: ROWS }, (_, i) => `Far ${stamp} ${Math.random().toString(36).slice(2, 9)} ${i},${town}`)].join('\n')
    const wait = async (job) => until('the job', async () => { const j = ok(await call(page, 'GET', `_job/${job}`), 'job'); return j.state === 'done' && j })
    const file = await page.evaluate(async (text) => (await fetch('/api/_import/lead?name=far.csv', { method: 'POST', headers: { 'X-Berth': '1', 'Content-Type': 'application/octet-stream' }, body: text })).json(), csv)
    const map = Object.fromEntries(file.columns.map((c) => [c.index, c.field]))
    await wait(ok(await call(page, 'POST', `_import/${file.import}/run`, { sheet: 0, header_row: 1, map, dry: false }), 'run').job)
    await page.goto(`${all}&sort=-id&f=${encodeURIComponent(JSON.stringify(['city', '=', town]))}`)
    const grid = page.locator('.grid')
    const row = (n) => page.locator(`.gb > .gr[aria-rowindex="${n + 2}"]`) /* from 0; the heads are the first */
    await row(3).locator('.gc.chk label').click()
    const first = await row(0).getAttribute('id')
    await until('the last row', async () => {
      await grid.evaluate((g) => g.scrollTo({ top: g.scrollHeight }))
      return row(ROWS - 1).isVisible()
    })
    await row(ROWS - 2).locator('.gc.chk label').click({ modifiers: ['Shift'] })
    await until('the range', async () => /1,096/.test(await page.locator('[data-t=selected]').textContent()))
    await eventually('how many there are', () => page.locator('[data-t=count]').textContent(), '1,100 records')
    const place = () => grid.evaluate((g) => [g.scrollTop, document.querySelector('.gb > .gr:last-child').id])
    const was = await place()
    await row(ROWS - 3).locator('a.title').click()
    await page.locator('[data-t=expand]').click()
    await page.locator('.recpage').waitFor()
    await page.goBack()
    await eventually('the place', async () => (await row(ROWS - 3).isVisible()) && place(), was)
    await page.goBack()
    await page.locator('.peek').waitFor({ state: 'detached' })
    assert.match(await page.locator('[data-t=selected]').textContent(), /1,096/)
    await grid.evaluate((g) => g.scrollTo({ top: 0 }))
    await eventually('the first is there again', () => row(0).getAttribute('id'), first)
    await page.locator('[data-t=clear]').click()
    await row(2).locator('.gc').nth(2).click()
    await page.keyboard.press('Shift+ArrowDown')
    await eventually('with the keyboard a range begins where one stands', () => page.locator('.gb > .gr.sel').evaluateAll((r) => r.map((x) => x.getAttribute('aria-rowindex'))), ['4', '5'])
    /* What had the focus scrolls out of sight: the list has it, and the keyboard goes on. */
    const box = row(1).locator('input[type=checkbox]')
    await box.focus()
    await grid.evaluate((g) => g.scrollTo({ top: g.scrollHeight }))
    await row(1).waitFor({ state: 'detached' })
    await eventually('the focus', () => page.evaluate(() => document.activeElement.className.split(' ')[0]), 'grid')
    /* In groups, too, a range holds what was let go. */
    await page.goto(`${all}&sort=-id&by=status&f=${encodeURIComponent(JSON.stringify(['city', '=', town]))}`)
    await row(1).locator('.gc.chk label').click()
    await until('the last row of the group', async () => {
      await grid.evaluate((g) => g.scrollTo({ top: g.scrollHeight }))
      return row(ROWS).isVisible()
    })
    await row(ROWS).locator('.gc.chk label').click({ modifiers: ['Shift'] })
    await eventually('the range in a group', () => page.locator('[data-t=selected]').textContent(), '1,100 selected')
    /* A column of a board lets go of what is far above, too, and fetches it again. */
    const there = async (path, box, card) => {
      await page.goto(path)
      const one = page.locator(card).first()
      const href = await one.getAttribute('href')
      const at = (top) => page.locator(box).first().evaluate((g, y) => g.scrollTo({ top: y < 0 ? g.scrollHeight : y }), top)
      await until('the first is let go', async () => { await at(-1); return (await one.getAttribute('href')) !== href })
      await until('the first is there again', async () => { await at(0); return (await one.getAttribute('href')) === href })
    }
    const of = encodeURIComponent(JSON.stringify(['city', '=', town]))
    await there(`${all}&look=board&by=status&f=${of}`, '.bcol:has(.bcard) .bcards', '.bcol:has(.bcard) .bcard')
    await wait(ok(await call(page, 'POST', `_import/${file.import}/undo`, {}), 'undo').job)
  })

  await test('a row, a card, an appointment and a view open in a tab of their own, with Ctrl and with the middle button', {}, async (page, stamp) => {
    await signIn(page)
    const m = await metaOf(page)
    const pick = pickField(m)
    const date = m.fields.find((f) => f.type === 'date' && !f.readonly)
    const row = await make(page, m, { [m.title]: `Tab ${stamp}`, [pick.name]: pick.options[0].value, [date.name]: '2031-07-09' })
    const here = `&q=${encodeURIComponent(row[m.title])}`
    const record = `/t/${TABLE}/${row.id}`
    for (const [path, what, to] of [
      [`${all}${here}`, '[data-row] a.title', record], [`${all}&look=board&by=${pick.name}${here}`, '[data-card]', record],
      ...['month', 'week', 'agenda'].map((mode) => [`${all}&look=calendar&mode=${mode}&from=${date.name}&day=2031-07-09${here}`, '[data-event]', record]),
      [all, '.tab[data-view=mine]', `/t/${TABLE}?view=mine`],
    ]) {
      await page.goto(path)
      const was = page.url()
      for (const how of [{ modifiers: ['Control'] }, { button: 'middle' }]) {
        const [other] = await Promise.all([page.context().waitForEvent('page'), page.locator(what).first().click(how)])
        await other.waitForURL((u) => u.pathname + u.search === to)
        await other.close()
        assert.equal(page.url(), was, what)
      }
    }
  })

  await test('also nodes of trees and nets, finds of the palette, tiles, related rows, menus and lists of the administration open in a tab', {}, async (page, stamp) => {
    await signIn(page, 0)
    await page.locator('.tile').first().waitFor()
    const customer = ok(await call(page, 'POST', 'customer', { name: `Tabs ${stamp}` }), 'customer').row
    const person = ok(await call(page, 'POST', 'contact', { name: `Person ${stamp}`, customer_id: customer.id }), 'contact').row
    const mine = ok(await call(page, 'GET', '_start'), 'start').user.id
    const palette = (text) => async () => { await page.keyboard.press('Control+k'); await page.locator('[data-t=palq]').fill(text) }
    const more = async () => { await page.locator('.kv').first().waitFor(); await page.locator('[data-t=recmore]').click() }
    for (const [path, first, what, to] of [
      ['/t/department?look=tree', undefined, '.tn[data-node="1"] a', '/t/department/1'],
      [`/t/customer?view=all&look=graph&root=${customer.id}`, undefined, `[data-node="customer/${customer.id}"]`, `/t/customer/${customer.id}`],
      [`/t/customer?view=all&look=graph&root=${customer.id}`, undefined, '[data-t=gopen]', `/t/customer/${customer.id}`],
      ['/', palette(stamp), `[data-id=customer-${customer.id}]`, `/t/customer/${customer.id}`],
      ['/', palette('leads'), '[data-id=go-lead]', '/t/lead'],
      [`/t/customer/${customer.id}`, undefined, `[data-related=contact] a[href="/t/contact/${person.id}"]`, `/t/contact/${person.id}`],
      [`/t/customer/${customer.id}`, more, '.opt[data-id=net]', `/t/customer?look=graph&root=${customer.id}`],
      ['/', undefined, '.kpi', undefined],
      ['/', undefined, '.recent a, .todo li a', undefined],
      ['/', undefined, '.side [data-t=bell]', '/alerts'],
      ['/admin', undefined, '[data-place=users]', '/admin/users'],
      ['/admin/users', undefined, `[data-user="${mine}"]`, `/admin/users/${mine}`],
      ['/admin/roles', undefined, '[data-role]', undefined],
      ['/admin/pools', undefined, '[data-pool]', undefined],
      ['/admin/departments', undefined, '.tn[data-dept="1"] a', '/admin/departments/1'],
    ]) {
      await page.goto(path)
      await page.locator('.side').waitFor()
      await first?.()
      const link = page.locator(what).first()
      await link.waitFor()
      const was = page.url()
      for (const how of [{ modifiers: ['Control'] }, { button: 'middle' }]) {
        const aim = to ?? (await link.getAttribute('href'))
        const [other] = await Promise.all([page.context().waitForEvent('page'), link.click(how)])
        await other.waitForURL((u) => u.pathname + u.search === aim)
        await other.close()
        assert.equal(page.url(), was, what)
      }
    }
    await page.goto('/')
    await page.locator('.side').waitFor()
    await palette(stamp)()
    await page.locator('.opt.hi', { hasText: `Tabs ${stamp}` }).or(page.locator('.opt.hi', { hasText: `Person ${stamp}` })).waitFor()
    const [other] = await Promise.all([page.context().waitForEvent('page'), page.keyboard.press('Control+Enter')])
    await other.waitForURL(/\/t\/(customer|contact)\/\d+$/)
    assert.equal(await page.locator('[data-t=palq]').count(), 1, 'the palette stays')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/t\/(customer|contact)\/\d+$/)
  })

  await test('Back leads to the view and the way of looking of before, scrolled and chosen as they were', {}, async (page, stamp) => {
    await signIn(page, 0)
    await page.goto(`${all}&sort=-id`)
    const row = (n) => page.locator(`.gb > .gr[aria-rowindex="${n}"]`)
    await row(2).waitFor()
    await page.locator('.grid').evaluate((g) => g.scrollTo({ top: 1200 }))
    await row(36).locator('.gc.chk label').click()
    const top = await page.locator('.grid').evaluate((g) => g.scrollTop)
    const was = page.url()
    await page.locator('.tab[data-view=mine]').click()
    await page.waitForURL(/view=mine/)
    await page.locator('[data-look=board]').click()
    await page.locator('.bcol').first().waitFor()
    await page.goBack()
    await page.locator('.tab[data-view=mine][aria-selected=true]').waitFor()
    await page.locator('.grid, .empty').first().waitFor()
    await page.goBack()
    await eventually('the address', () => page.url(), was)
    await eventually('the place', () => page.locator('.grid').evaluate((g) => g.scrollTop), top)
    assert.match(await page.locator('[data-t=selected]').textContent(), /^1 /)
  })

  await test('Back finds board, tree and net as they were left: scrolled, opened, walked', {}, async (page, stamp) => {
    await signIn(page, 0)
    const m = await metaOf(page)
    const pick = pickField(m)
    const value = pick.options[0].value
    const made = []
    for (let i = 0; i < 16; i++) made.push(await make(page, m, { [m.title]: `Board ${stamp} ${i}`, [pick.name]: value }))
    await page.goto(`${all}&look=board&by=${pick.name}&q=${encodeURIComponent('Board ' + stamp)}`)
    const column = page.locator(`[data-col="${value}"] .bcards`)
    await page.locator('[data-card]').nth(15).waitFor()
    await column.evaluate((c) => c.scrollTo({ top: c.scrollHeight }))
    const last = page.locator('[data-card]').last()
    const id = await last.getAttribute('data-card')
    await last.click()
    await page.locator('.peek .kv').first().waitFor()
    assert.match(page.url(), new RegExp(`open=${id}`))
    /* The card that is cut off at the top, and where. */
    const place = () => column.evaluate((c) => {
      const edge = c.getBoundingClientRect().top
      const first = [...c.querySelectorAll('[data-card]')].find((x) => x.getBoundingClientRect().bottom > edge)
      return [first.dataset.card, Math.round((first.getBoundingClientRect().top - edge) / 5)]
    })
    const was = await place()
    assert.notEqual(was[0], await page.locator('[data-card]').first().getAttribute('data-card'))
    await page.locator('[data-t=expand]').click()
    await page.locator('.recpage').waitFor()
    await page.goBack()
    await eventually('the place in the column', place, was)
    await page.keyboard.press('Escape')
    await page.locator('.peek').waitFor({ state: 'detached' })
    await eventually('the card has the focus again', () => page.evaluate(() => document.activeElement.dataset.card), id)

    const mk = async (name, parent_id = null) => ok(await call(page, 'POST', 'department', { name: `${name} ${stamp}`, parent_id }), 'department').row
    const a = await mk('Above')
    const b = await mk('Below', a.id)
    await page.goto('/t/department?view=tree')
    const node = (x) => page.locator(`.tn[data-node="${x}"]`)
    await node(b.id).waitFor()
    await node(a.id).locator('.tflip').click()
    await node(b.id).waitFor({ state: 'detached' })
    await node(a.id).locator('a').click()
    await page.locator('[data-t=expand]').click()
    await page.locator('.recpage').waitFor()
    await page.goBack()
    await node(a.id).waitFor()
    await eventually('closed as it was', () => node(a.id).getAttribute('aria-expanded'), 'false')
    for (const id of [b.id, a.id]) ok(await call(page, 'DELETE', `department/${id}`), 'delete')

    await page.goto(`${all}&look=graph&root=${made[0].id}`)
    const owner = page.locator(`[data-node="user/${made[0].owner_id}"]`)
    await owner.waitFor()
    await owner.focus()
    await page.keyboard.press('Enter')
    await eventually('walked', () => page.locator('.gnode.walked').count(), 2)
    const nodes = await page.locator('.gnode').count()
    await page.locator('[data-t=gopen]').click()
    await page.locator('.recpage').waitFor()
    await page.goBack()
    await eventually('the net', () => page.locator('.gnode').count(), nodes)
    assert.equal(await page.locator('.gnode.walked').count(), 2)
    assert.equal(await page.locator('.gnode.on').getAttribute('data-node'), `user/${made[0].owner_id}`)
  })

  await test('when the host fails, every way of looking says so, and shows its records when it is tried again', {}, async (page) => {
    await signIn(page, 0)
    await page.locator('.tile').first().waitFor()
    const failing = /\/api\/(lead|customer)(\?|\/_aggregate|\/\d+\/_net)/
    for (const [path, what] of [[all, '.gb .gr'], [`${all}&by=status`, '[data-group]'], [`${all}&look=board&by=status`, '[data-card]'], [`${all}&look=calendar`, '.month'], ['/t/customer?view=all&look=tree', '.tn'], ['/t/customer?view=all&look=graph', '.gnode']]) {
      await page.route(failing, (r) => r.fulfill({ status: 500, contentType: 'application/json', body: '{"error":{"code":"internal","message":"Down.","request":"r1"}}' }))
      await page.goto(path)
      await page.locator('.listmain [role=alert], .board [role=alert], .page .empty[role=alert]').first().waitFor()
      await clean(page, 'failed: ' + path)
      await page.unroute(failing)
      const again = page.locator('.empty[role=alert] .acts .btn, [data-t=again]')
      for (let i = await again.count(); i > 0; i--) await again.first().click()
      await page.locator(what).first().waitFor()
    }
    page.trouble = page.trouble.filter((x) => !/status of 500/.test(x))
  })

  await test('who an address names is called by name, though none of their records is in sight', { locale: 'zh-CN' }, async (page) => {
    await signIn(page)
    const li = ok(await call(page, 'GET', `user?filter=${encodeURIComponent(JSON.stringify(['name', '=', '李娜']))}`), 'user').rows[0]
    const nobody = encodeURIComponent(JSON.stringify({ and: [['owner_id', 'in', [li.id]], ['city', '=', 'nowhere']] }))
    await page.goto(`${all}&f=${nobody}`)
    await page.locator('.chip', { hasText: '李娜' }).waitFor()
    await page.goto(`${all}&look=calendar&who=${li.id}&day=2031-07-09`)
    await page.locator('.calwho', { hasText: '李娜' }).waitFor()
  })

  await test('on a phone a month is touched by its days, which tell how much they hold', { size: PHONE, touch: true }, async (page) => {
    await signIn(page)
    const m = await metaOf(page)
    const date = m.fields.find((f) => f.type === 'date' && !f.readonly)
    const row = await make(page, m, { [date.name]: '2031-06-12' })
    await page.goto(`${all}&look=calendar&mode=month&from=${date.name}&day=2031-06-01&q=${encodeURIComponent(row[m.title])}`)
    await page.locator('.mweek span.ev', { hasText: row[m.title] }).waitFor()
    assert.equal(await page.locator('.mweek a').count(), 0)
    const days = await page.locator('.mnum').evaluateAll((all) => all.map((b) => b.getBoundingClientRect()).filter((r) => r.width < 40 || r.height < 40).length)
    assert.equal(days, 0)
    const cell = page.locator('.mday[data-drop="2031-06-12"] .mnum')
    assert.match(await cell.getAttribute('aria-label'), /1 record/)
    await cell.click({ position: { x: 30, y: 45 } }) // where the record is drawn
    await page.waitForURL(/mode=day/)
    await page.locator(`[data-event="${row.id}"]`).click()
    await page.waitForURL(new RegExp(`${row.id}`))
  })

  await test('colleagues are laid over one\'s own calendar, each in a colour of their own', {}, async (page, stamp) => {
    const MANAGER = 1, SALES = 2
    const meet = async (p) => ok(await call(p, 'POST', 'activity', { subject: `Runde ${stamp}`, kind: 'meeting', status: 'planned', start_at: '2031-05-14T02:00:00Z', end_at: '2031-05-14T03:00:00Z' }), 'create').row
    const li = await open(browser, host.url)
    await signIn(li, SALES)
    const theirs = await meet(li)
    await signIn(page, MANAGER)
    const mine = await meet(page)
    const shown = () => page.locator('[data-event]').evaluateAll((all) => all.map((e) => Number(e.dataset.event)).sort((a, b) => a - b))
    await page.goto(`/t/activity?view=calendar&mode=week&day=2031-05-14&q=${encodeURIComponent('Runde ' + stamp)}`)
    await eventually('mine alone', shown, [mine.id])
    await choose(page.locator('.calwho .combo'), '李娜')
    await eventually('both', shown, [theirs.id, mine.id].sort((a, b) => a - b))
    await eventually('who is who', () => page.locator('.callegend .who').count(), 2)
    const hue = (id) => page.locator(`[data-event="${id}"]`).evaluate((e) => [...e.classList].find((c) => c.startsWith('c-')))
    assert.notEqual(await hue(mine.id), await hue(theirs.id))
    await clean(page, 'two calendars')
    for (const r of [mine, theirs]) await call(page, 'DELETE', 'activity/' + r.id)
  })

  await test('of many that belong to a record the first are shown, and all when asked for', {}, async (page, stamp) => {
    await signIn(page, 2)
    const c = ok(await call(page, 'POST', 'customer?duplicates=allow', { name: `Gross ${stamp}` }), 'customer').row
    for (let i = 0; i < 14; i++) ok(await call(page, 'POST', 'contact?duplicates=allow', { name: `Person ${i} ${stamp}`, customer_id: c.id }), 'contact')
    await page.goto('/t/customer/' + c.id)
    const people = page.locator('[data-related=contact]')
    await eventually('ten of them', () => people.locator('tbody tr').count(), 10)
    assert.match(await people.locator('h2').textContent(), /14/)
    await people.locator('[data-t=showall]').click()
    await eventually('all', () => people.locator('tbody tr').count(), 14)
    await people.locator('[data-t=showall]').waitFor({ state: 'detached' })
  })
}
