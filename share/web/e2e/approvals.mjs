// approvals.mjs - flows of approval: made by an administrator, asked for, decided on a phone and by a link, withdrawn.
import assert from 'node:assert/strict'
import { call, eventually, open, PHONE, signIn, until } from './lib.mjs'

export async function approvals({ test, clean, ok, choose, small, browser, host }) {
  const MANAGER = 1, SALES = 2 /* among the demo users */
  const made = async (page, stamp, more = {}) => ok(await call(page, 'POST', 'customer', { name: `Waits ${stamp} ${Math.random().toString(36).slice(2)}`, ...more }), 'customer').row
  /** A flow for the customers of one city: a new credit limit waits for the superior of who asks. */
  const flowFor = async (city) => {
    const boss = await open(browser, host.url)
    await signIn(boss)
    const flow = ok(await call(boss, 'POST', 'approval_flow', { name: 'Credit ' + city, on_table: 'customer', starts: 'change', field: 'credit_limit', applies_to: ['city', '=', city] }), 'flow').row
    ok(await call(boss, 'POST', 'approval_step', { flow_id: flow.id, place: 0, name: 'Superior' }), 'step')
    await boss.context().close()
  }

  await test('approvals: an administrator makes a flow, its steps in words, moves them, takes one away, and deletes it', {}, async (page, stamp) => {
    const name = 'Credit ' + stamp
    await signIn(page)
    await page.goto('/admin')
    await page.locator('[data-place=approvals]').click()
    await page.locator('[data-t=addflow]').click()
    await page.locator('[data-field=name] input').fill(name)
    await choose(page.locator('[data-field=on_table] .combo'), 'Customers')
    await choose(page.locator('[data-field=starts] .combo'), 'A change')
    await choose(page.locator('[data-field=field] .combo'), 'Credit limit')
    await clean(page, 'the form of a flow')
    await page.locator('[data-t=saveflow]').click()
    await page.locator('[data-t=addstep]').click()
    await page.locator('[data-field=name] input').fill('Superior')
    await page.locator('[data-t=saveflow]').click()
    await page.locator('[data-step]').first().waitFor()
    await page.locator('[data-t=addstep]').click()
    await page.locator('[data-field=name] input').fill('Big ones')
    await choose(page.locator('[data-field=who] .combo'), 'Named people')
    await choose(page.locator('[data-field=user_ids] .combo'), 'Lan')
    await page.keyboard.press('Escape')
    await page.locator('[data-field=hours] input').fill('24')
    await page.locator('[data-t=saveflow]').click()
    await until('the second step in words', async () => /Lan.*24 h/s.test(await page.locator('[data-step]').nth(1).textContent()))
    await clean(page, 'a flow')
    await page.locator('[data-step]').nth(1).locator('[data-t=up]').click()
    await until('it is the first', async () => /Big ones/.test(await page.locator('[data-step]').first().textContent()))
    await page.locator('[data-step]').first().locator('[data-t=dropstep]').click()
    await page.locator('dialog .btn.bad').click()
    await until('one step is left', async () => (await page.locator('[data-step]').count()) === 1)
    await page.locator('[data-t=dropflow]').click()
    await page.locator('dialog .btn.bad').click()
    await until('it is gone', async () => !ok(await call(page, 'GET', 'approval_flow?limit=100'), 'flows').rows.some((f) => f.name === name))
  })

  await test('approvals: a change waits, who asked sees by whom, and the superior decides on a phone', {}, async (page, stamp) => {
    const city = 'Approve ' + stamp
    await flowFor(city)
    await signIn(page, SALES)
    const row = await made(page, stamp, { city })
    const answer = ok(await call(page, 'PATCH', 'customer/' + row.id, { credit_limit: '250000' }, { 'If-Match': `"${row.version}"` }), 'change')
    assert.ok(answer.approval, 'it waits')
    await page.goto('/t/customer/' + row.id)
    const box = page.locator(`[data-approval="${answer.approval}"]`)
    await until('what is asked for', async () => /250,?000/.test(await box.textContent()))
    await until('of whom', async () => /陈伟/.test(await box.textContent()))
    await eventually('what one can do', () => box.locator('[data-op]').evaluateAll((b) => b.map((x) => x.dataset.op)), ['withdraw'])
    await clean(page, 'a record that waits')

    const other = await open(browser, host.url, { size: PHONE, touch: true, locale: 'zh-CN' })
    await signIn(other, MANAGER)
    await other.goto('/approvals')
    const item = other.locator(`[data-approval="${answer.approval}"]`)
    await item.waitFor()
    await clean(other, 'the inbox on a phone')
    assert.deepEqual(await small(other), [], 'targets under 40 px')
    await item.locator('[data-op=reject]').click()
    await other.locator('[data-t=decide]').click()
    await other.locator('.err').waitFor() /* why not has to be said */
    await other.locator('dialog textarea').fill('太高')
    await clean(other, 'deciding on a phone')
    await other.locator('[data-t=decide]').click()
    await until('it is decided', async () => (await item.count()) === 0)
    await other.context().close()
    assert.equal(ok(await call(page, 'GET', 'customer/' + row.id), 'row').row.credit_limit, null)

    const now = ok(await call(page, 'GET', 'customer/' + row.id), 'row').row
    const again = ok(await call(page, 'PATCH', 'customer/' + row.id, { credit_limit: '90000' }, { 'If-Match': `"${now.version}"` }), 'again')
    await page.reload()
    await page.locator(`[data-approval="${again.approval}"] [data-op=withdraw]`).click()
    await page.locator('[data-t=decide]').click()
    await until('it is withdrawn', async () => (await page.locator(`[data-past="${again.approval}"]`).count()) === 1)
    await page.locator(`[data-past="${again.approval}"]`).click()
    await page.locator('.apacts').waitFor()
    await clean(page, 'the trace')
  })

  await test('approvals: a customer is put up by a button, approved on its page, and stands on the home page meanwhile', {}, async (page, stamp) => {
    await signIn(page, SALES)
    const row = await made(page, stamp)
    await page.goto('/t/customer/' + row.id)
    await page.locator('[data-t=askapproval]').first().click()
    await page.locator('dialog textarea').fill('First order next week')
    await page.locator('[data-t=decide]').click()
    await page.locator('.apbox').waitFor()
    const manager = await open(browser, host.url)
    await signIn(manager, MANAGER)
    await manager.locator('[data-waiting=approval] a', { hasText: row.name }).click()
    await manager.locator('[data-op=approve]').first().click()
    await manager.locator('[data-t=decide]').click()
    await until('it is approved', async () => ok(await call(page, 'GET', 'customer/' + row.id), 'row').row.approval === 'approved')
    await manager.context().close()
  })

  await test('approvals: a deletion is asked for, the record stays until somebody approves, and then it is gone', {}, async (page, stamp) => {
    const city = 'Deleted ' + stamp
    await signIn(page)
    const flow = ok(await call(page, 'POST', 'approval_flow', { name: 'Deletions ' + stamp, on_table: 'customer', starts: 'delete', applies_to: ['city', '=', city] }), 'flow').row
    ok(await call(page, 'POST', 'approval_step', { flow_id: flow.id, place: 0, name: 'Head', who: 'people', user_ids: [ok(await call(page, 'GET', 'user?q=' + encodeURIComponent('陈伟')), 'users').rows[0].id] }), 'step')
    const row = await made(page, stamp, { city })
    await page.goto('/t/customer/' + row.id)
    await page.locator('[data-t=recmore]').click()
    await page.locator('.opt[data-id=delete]').click()
    await page.locator('.toast', { hasText: 'Sent for approval' }).waitFor()
    await page.locator('.apbox', { hasText: 'Delete' }).waitFor()
    await clean(page, 'a record whose deletion waits')
    assert.equal(ok(await call(page, 'GET', 'customer/' + row.id), 'row').row.name, row.name)
    const manager = await open(browser, host.url)
    await signIn(manager, MANAGER)
    await manager.goto('/approvals')
    const item = manager.locator('.aprow', { hasText: row.name })
    await until('it says what is to happen', async () => /Delete/.test(await item.locator('.apsum').textContent()))
    await item.locator('[data-op=approve]').click()
    await manager.locator('[data-t=decide]').click()
    await until('it is gone', async () => (await call(page, 'GET', 'customer/' + row.id)).status === 404)
    await manager.context().close()
    await call(page, 'DELETE', 'approval_flow/' + flow.id)
  })

  await test('approvals: an administrator makes a department, and another one lets it be there', {}, async (page, stamp) => {
    const name = 'Branch ' + stamp
    await signIn(page)
    const boss = ok(await call(page, 'POST', 'user', { name: 'Other admin ' + stamp, login: 'other.' + stamp, admin: true }), 'user').row
    const flow = ok(await call(page, 'POST', 'approval_flow', { name: 'Branches ' + stamp, on_table: 'department', starts: 'create' }), 'flow').row
    ok(await call(page, 'POST', 'approval_step', { flow_id: flow.id, place: 0, name: 'Other', who: 'people', user_ids: [boss.id] }), 'step')
    await page.goto('/t/department')
    await page.locator('[data-t=new]').click()
    await page.locator('dialog [data-field=name] input').fill(name)
    await page.locator('dialog [data-t=save]').click()
    await page.locator('.toast', { hasText: 'Sent for approval' }).waitFor()
    await until('the form is closed', async () => (await page.locator('dialog').count()) === 0)
    assert.deepEqual(ok(await call(page, 'GET', 'department?q=' + encodeURIComponent(name)), 'departments').rows, [])
    await page.goto('/approvals')
    await page.locator('[data-kind=mine]').click()
    const item = page.locator('.aprow', { hasText: name })
    await until('what is to be made', async () => /New record.*Name: – → Branch/s.test(await item.locator('.apsum').textContent()))
    await clean(page, 'what is to be made')
    await call(page, 'DELETE', 'approval_flow/' + flow.id)
  })

  await test('approvals: a rule without code is made, and does what it says to a new lead', {}, async (page, stamp) => {
    await signIn(page)
    await page.goto('/admin')
    await page.locator('[data-place=automation]').click()
    await page.locator('[data-t=addflow]').click()
    await page.locator('[data-field=name] input').fill('Hot ' + stamp)
    await choose(page.locator('[data-field=on_table] .combo'), 'Leads')
    await clean(page, 'the form of a rule')
    await page.locator('[data-t=saveflow]').click()
    await page.locator('[data-t=addstep]').click()
    await choose(page.locator('[data-field=does] .combo'), 'Send an alert')
    await page.locator('[data-field=text]').waitFor()
    assert.equal(await page.locator('[data-field] .err').count(), 0, 'what nobody has come to yet is not told as missing')
    await choose(page.locator('[data-field=does] .combo'), 'Set a field')
    await choose(page.locator('[data-field=field] .combo'), 'Rating')
    await choose(page.locator('[data-field=value] .combo'), 'Hot')
    await page.locator('[data-t=saveflow]').click()
    await until('the step in words', async () => /Set a field.*Hot/s.test(await page.locator('[data-step]').textContent()))
    await clean(page, 'a rule')
    const lead = ok(await call(page, 'POST', 'lead', { name: 'Ruled ' + stamp }), 'lead').row
    assert.equal(lead.rating, 'hot')
    await page.locator('[data-t=dropflow]').click()
    await page.locator('dialog .btn.bad').click()
    await until('it is gone', async () => (await page.locator('[data-step]').count()) === 0)
    assert.notEqual(ok(await call(page, 'POST', 'lead', { name: 'Free ' + stamp }), 'lead').row.rating, 'hot')
  })

  await test('approvals: what waits says so in list, board and phone, is not dragged nor opened, and is left out of what is done to many', {}, async (page, stamp) => {
    await signIn(page)
    const name = 'Lists ' + stamp
    const flow = ok(await call(page, 'POST', 'approval_flow', { name, on_table: 'customer', starts: 'ask', applies_to: ['city', '=', name] }), 'flow').row
    ok(await call(page, 'POST', 'approval_step', { flow_id: flow.id, place: 0, name: 'Superior', who: 'people', user_ids: [ok(await call(page, 'GET', 'user?q=' + encodeURIComponent('陈伟')), 'users').rows[0].id] }), 'step')
    const [free, waits] = [await made(page, stamp, { city: name, level: 'b' }), await made(page, stamp, { city: name, level: 'b' })]
    ok(await call(page, 'POST', `customer/${waits.id}/_approval`, { flow: name }), 'asked')
    const f = '&f=' + encodeURIComponent(JSON.stringify([['city', '=', name]]))
    const level = async (r) => ok(await call(page, 'GET', 'customer/' + r.id), 'row').row.level

    await page.goto('/t/customer?view=all&look=board&by=level' + f)
    const card = (r) => page.locator(`[data-card="${r.id}"]`)
    await card(waits).locator('[data-t=rowlock]').waitFor()
    assert.match(await card(waits).locator('[data-t=rowlock]').getAttribute('title'), new RegExp(name))
    assert.equal(await card(free).locator('[data-t=rowlock]').count(), 0)
    await eventually('what can be moved', () => page.locator('.bitem').evaluateAll((all) => all.map((x) => [Number(x.querySelector('.bcard').dataset.card), !!x.querySelector('[data-t=moveto]')]).sort((a, b) => a[0] - b[0])), [[free.id, true], [waits.id, false]])
    await clean(page, 'a board with a locked card')
    const to = page.locator('[data-col="a"]')
    for (const r of [waits, free]) {
      const a = await card(r).boundingBox(), b = await to.boundingBox()
      await page.mouse.move(a.x + 20, a.y + 10)
      await page.mouse.down()
      await page.mouse.move(a.x + 40, a.y + 20, { steps: 4 })
      await page.mouse.move(b.x + b.width / 2, b.y + 80, { steps: 8 })
      await page.mouse.up()
    }
    await until('the free one is moved', async () => (await level(free)) === 'a')
    assert.equal(await level(waits), 'b')
    assert.equal(await page.locator('.toast.bad').count(), 0, 'nothing was refused')

    await page.goto('/t/customer?view=all' + f)
    const cell = (r) => page.locator(`#row-${r.id} .gc`).nth(2)
    await page.locator(`#row-${waits.id} [data-t=rowlock]`).waitFor()
    const whys = []
    page.on('request', (q) => { if (/\/_why\?/.test(q.url())) whys.push(q.url()) })
    await cell(free).dblclick()
    await page.locator('.gc.edit').waitFor()
    await page.keyboard.press('Escape')
    assert.deepEqual(whys, [], 'nothing is asked where nothing is refused')
    await cell(waits).dblclick()
    await until('it says why', async () => (await page.locator('.toast').allTextContents()).some((x) => x.includes(name)))
    assert.equal(await page.locator('.gc.edit').count(), 0)

    await page.locator(`#row-${free.id} .chk label`).click()
    await page.locator(`#row-${waits.id} .chk label`).click()
    await page.locator('[data-bulk=edit]').click()
    await choose(page.locator('dialog .combo').first(), 'Trading name')
    await page.locator('dialog .fld input').last().fill('Both')
    await page.locator('[data-t=bulksave]').click()
    await until('what was left out, and why', async () => (await page.locator('.toast.bad').allTextContents()).some((x) => /^1 /.test(x.trim()) && x.includes(name)))
    await eventually('who was changed', async () => Promise.all([free, waits].map(async (r) => ok(await call(page, 'GET', 'customer/' + r.id), 'row').row.short_name)), ['Both', null])

    const phone = await open(browser, host.url, { size: PHONE, touch: true, locale: 'vi' })
    await signIn(phone)
    await phone.goto('/t/customer?view=all' + f)
    await phone.locator('.card [data-t=rowlock]').waitFor()
    assert.equal(await phone.locator('.card').count(), 2)
    await clean(phone, 'cards with a lock')
    await phone.context().close()
  })

  await test('approvals: a link that is none says so, in the language of the browser, without signing in', { locale: 'vi' }, async (page) => {
    await page.goto('/approve#1.approve_forged')
    await page.locator('.note.bad').waitFor()
    await clean(page, 'a link that is none')
  })
}
