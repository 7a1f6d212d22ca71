// keys.mjs - flows of the keyboard: making something from anywhere, and input methods, whose Enter only confirms a candidate.
import assert from 'node:assert/strict'
import { call, eventually, open, signIn } from './lib.mjs'

/** Enter as a browser tells it while an input method composes. */
const confirm = (page) => page.evaluate(() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', isComposing: true, bubbles: true, cancelable: true })))

export async function keys({ test, clean, ok, make, metaOf, fetchRow, browser, host, TABLE }) {
  await test('nothing new is offered where one may not make it: palette, c, button, empty list, board, calendar', {}, async (page, stamp) => {
    if (host.kind === 'mock') return
    const boss = await open(browser, host.url)
    await signIn(boss)
    /* A role that reads and changes leads, and makes activities only. */
    const role = ok(await call(boss, 'POST', 'role', { name: 'Readers ' + stamp }), 'role').row
    for (const [table, more] of [['lead', { can_create: false, can_import: false }], ['activity', { can_create: true }]])
      ok(await call(boss, 'POST', 'role_table', { role_id: role.id, on_table: table, read_scope: 'all', update_scope: 'all', delete_scope: 'none', ...more }), 'rights')
    const login = 'reader.' + stamp, password = 'long enough ' + stamp
    const user = ok(await call(boss, 'POST', 'user', { name: 'Reader', login }), 'user').row
    ok(await call(boss, 'POST', 'user_role', { user_id: user.id, role_id: role.id }), 'role of the user')
    ok(await call(boss, 'POST', `user/${user.id}/_password`, { password }), 'password')
    await boss.context().close()

    await page.goto('/')
    await page.locator('#login').fill(login)
    await page.locator('#password').fill(password)
    await page.locator('[data-t=signin]').click()
    await page.locator('.side').waitFor()
    assert.equal((await call(page, 'POST', 'lead', { name: 'Refused ' + stamp })).status, 403)
    const offered = () => page.locator('[data-id^="new-"], [data-id^="import-"]').evaluateAll((all) => all.map((x) => x.dataset.id))
    await page.keyboard.press('Control+k')
    await page.locator('[data-id="go-lead"]').waitFor()
    await eventually('what the palette offers', offered, ['new-activity'])
    await page.keyboard.press('Escape')
    for (const path of ['/t/lead?view=all&look=board&by=status', '/t/lead?view=all&look=calendar&mode=month', '/t/lead?view=all&q=' + stamp, '/t/lead?view=all']) {
      await page.goto(path)
      await page.locator('.bcard, .mday, .empty, .gb .gr').first().waitFor()
      assert.equal(await page.locator('[data-t=new], [data-t=import], .bhead button').count(), 0, path)
    }
    await page.goto('/t/lead?view=all&look=calendar&mode=month&day=2031-07-09') // a month of which nothing lies in the way
    await page.locator('.mday').first().click({ position: { x: 8, y: 90 } })
    await page.keyboard.press('c')
    await page.locator('[data-id="new-activity"]').waitFor()
    assert.deepEqual(await offered(), ['new-activity'])
    assert.equal(await page.locator('dialog form').count(), 0)
  })

  await test('c makes something new from any page, that of the open record first', {}, async (page, stamp) => {
    await signIn(page)
    await page.locator('.tile').first().waitFor()
    await page.keyboard.press('c')
    await page.locator('[data-id=new-customer]').waitFor()
    assert.equal(await page.locator('.palls [data-id^=go-]').count(), 0)
    await clean(page, 'what can be made')
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    const customer = ok(await call(page, 'POST', 'customer', { name: 'Keys ' + stamp }), 'customer').row
    await page.goto('/t/customer/' + customer.id)
    await page.locator('.kv').first().waitFor()
    await page.keyboard.press('c')
    await page.locator('[data-t=palq]').waitFor()
    assert.equal(await page.locator('.palls .opt').first().getAttribute('data-id'), 'new-customer')
    await page.keyboard.press('Enter')
    await page.locator('dialog form [data-field=name] input').waitFor()
  })

  await test('the Enter that confirms a candidate of an input method neither saves, nor chooses, nor leaves', {}, async (page, stamp) => {
    await signIn(page)
    const row = await make(page, await metaOf(page))
    await page.goto(`/t/${TABLE}/${row.id}`)
    await page.locator('[data-edit=city]').click()
    await page.locator('#fact-city').fill('宁波' + stamp)
    await confirm(page)
    await page.locator('#fact-city').waitFor()
    assert.equal((await fetchRow(page, row.id)).row.city, row.city)
    await page.keyboard.press('Enter')
    await eventually('saved by the other Enter', async () => (await fetchRow(page, row.id)).row.city, '宁波' + stamp)

    await page.keyboard.press('Control+k')
    await page.locator('[data-t=palq]').fill('set')
    await confirm(page)
    await page.locator('[data-t=palq]').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })

    await page.goto(`/t/${TABLE}?view=all`)
    await page.locator('.gb > .gr').first().waitFor()
    await page.keyboard.press('/')
    await confirm(page)
    assert.equal(await page.evaluate(() => document.activeElement.dataset.t), 'q')

    await page.goto('/admin/settings')
    const box = page.locator('[data-setting="base.bin_days"] input')
    await box.fill(String(31 + Date.now() % 300))
    const sent = []
    page.on('request', (r) => { if (r.method() !== 'GET') sent.push(r.url()) })
    await confirm(page)
    for (let i = 0; i < 5; i++) await call(page, 'GET', '_meta/setting') // behind whatever it would ask and send
    assert.deepEqual(sent, [])
  })
}
