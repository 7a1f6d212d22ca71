// keys.mjs - flows of the keyboard: making something from anywhere, and input methods, whose Enter only confirms a candidate.
import assert from 'node:assert/strict'
import { call, eventually, signIn } from './lib.mjs'

/** Enter as a browser tells it while an input method composes. */
const confirm = (page) => page.evaluate(() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', isComposing: true, bubbles: true, cancelable: true })))

export async function keys({ test, clean, ok, make, metaOf, fetchRow, TABLE }) {
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
