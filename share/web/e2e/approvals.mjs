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
    await choose(page.locator('[data-field=starts] .combo'), 'field changes')
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

  await test('approvals: a link that is none says so, in the language of the browser, without signing in', { locale: 'vi' }, async (page) => {
    await page.goto('/approve#1.approve_forged')
    await page.locator('.note.bad').waitFor()
    await clean(page, 'a link that is none')
  })
}
