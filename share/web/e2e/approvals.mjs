// approvals.mjs - flows of approval: made by an administrator, asked for, decided on a phone and by a link, withdrawn.
import assert from 'node:assert/strict'
import { call, PHONE, signIn } from './lib.mjs'

export async function approvals({ test, clean, ok, until, choose, small, stamp, browser, host }) {
  const MANAGER = 1, SALES = 2 /* among the demo users */
  const name = 'Credit ' + stamp, city = 'Approve ' + stamp
  const flowOf = async (page) => ok(await call(page, 'GET', 'approval_flow?limit=100'), 'flows').rows.find((f) => f.name === name)
  const made = async (page, more = {}) => ok(await call(page, 'POST', 'customer', { name: `Waits ${stamp} ${Math.random().toString(36).slice(2)}`, city, ...more }), 'customer').row

  await test('approvals: an administrator makes a flow, its steps in words, moves them, and takes one away', {}, async (page) => {
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
    await until('two steps', async () => (await page.locator('[data-step]').count()) === 2)
    assert.match(await page.locator('[data-step]').nth(1).textContent(), /Lan.*24 h/s)
    await clean(page, 'a flow')
    await page.locator('[data-step]').nth(1).locator('[data-t=up]').click()
    await until('it is the first', async () => /Big ones/.test(await page.locator('[data-step]').first().textContent()))
    await page.locator('[data-step]').first().locator('[data-t=dropstep]').click()
    await page.locator('dialog .btn.bad').click()
    await until('one step is left', async () => (await page.locator('[data-step]').count()) === 1)
    const flow = await flowOf(page)
    ok(await call(page, 'PATCH', 'approval_flow/' + flow.id, { applies_to: ['city', '=', city] }, { 'If-Match': `"${flow.version}"` }), 'only here')
  })

  await test('approvals: a change waits, who asked sees by whom, and the superior decides on a phone', {}, async (page) => {
    await signIn(page, SALES)
    const row = await made(page)
    const answer = ok(await call(page, 'PATCH', 'customer/' + row.id, { credit_limit: '250000' }, { 'If-Match': `"${row.version}"` }), 'change')
    assert.ok(answer.approval, 'it waits')
    await page.goto('/t/customer/' + row.id)
    const box = page.locator(`[data-approval="${answer.approval}"]`)
    await box.waitFor()
    assert.match(await box.textContent(), /250,?000/)
    assert.match(await box.textContent(), /陈伟/)
    assert.deepEqual(await box.locator('[data-op]').evaluateAll((b) => b.map((x) => x.dataset.op)), ['withdraw'])
    await clean(page, 'a record that waits')

    const other = await (await browser.newContext({ viewport: PHONE, hasTouch: true, isMobile: true, locale: 'en', baseURL: host.url })).newPage()
    await other.addInitScript(() => localStorage.setItem('berth.locale', 'zh-CN'))
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

  await test('approvals: a customer is put up by a button, approved on its page, and stands on the home page meanwhile', {}, async (page) => {
    await signIn(page, SALES)
    const row = await made(page)
    await page.goto('/t/customer/' + row.id)
    await page.locator('[data-t=askapproval]').first().click()
    await page.locator('dialog textarea').fill('First order next week')
    await page.locator('[data-t=decide]').click()
    await page.locator('.apbox').waitFor()
    const manager = await (await browser.newContext({ locale: 'en', baseURL: host.url })).newPage()
    await signIn(manager, MANAGER)
    await manager.locator('[data-waiting=approval] a', { hasText: row.name }).click()
    await manager.locator('[data-op=approve]').first().click()
    await manager.locator('[data-t=decide]').click()
    await until('it is approved', async () => ok(await call(page, 'GET', 'customer/' + row.id), 'row').row.approval === 'approved')
    await manager.context().close()
  })

  await test('approvals: a link that is none says so, in the language of the browser, without signing in', { locale: 'vi' }, async (page) => {
    await page.goto('/approve#1.approve_forged')
    await page.locator('.note.bad').waitFor()
    await clean(page, 'a link that is none')
  })

  await test('approvals: the flow is deleted', {}, async (page) => {
    await signIn(page)
    const flow = await flowOf(page)
    await page.goto('/admin/approvals/' + flow.id)
    await page.locator('[data-t=dropflow]').click()
    await page.locator('dialog .btn.bad').click()
    await until('it is gone', async () => !(await flowOf(page)))
  })
}
