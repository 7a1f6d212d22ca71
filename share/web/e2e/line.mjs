// line.mjs - contact records on the way: from one line of text, looked at before it is saved; a visit checked in to with a picture.
import assert from 'node:assert/strict'
import { call, overflow, PHONE, signIn } from './lib.mjs'

/* The smallest picture there is. */
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

export async function line({ test, clean, ok }) {
  const shot = async (page, name) => process.env.E2E_SHOTS && page.screenshot({ path: `${process.env.E2E_SHOTS}/line-${name}.png` })
  const people = async (page, stamp) => {
    const customer = ok(await call(page, 'POST', 'customer', { name: `Lighterman ${stamp} Supplies` }), 'customer').row
    const contact = ok(await call(page, 'POST', 'contact', { name: `Ines Halloway`, customer_id: customer.id }), 'contact').row
    return { customer, contact }
  }

  await test('a line becomes a contact record that was looked at first', {}, async (page, stamp) => {
    await signIn(page)
    const { customer } = await people(page, stamp)
    await page.goto('/t/activity?view=mine')
    await page.locator('[data-t=fromline]').click()
    await page.locator('[data-t=line]').fill(`Called Ines Halloway at Lighterman ${stamp} yesterday 30 min, wants rates, call back Friday`)
    await page.locator('[data-t=reading] [data-field=customer_id]').getByText(customer.name).waitFor()
    assert.match(await page.locator('[data-t=reading] [data-field=minutes]').innerText(), /30/)
    assert.match(await page.locator('[data-t=reading] [data-field=contact_id]').innerText(), /Halloway/)
    assert.equal((await call(page, 'GET', `activity?filter=${encodeURIComponent(JSON.stringify(['customer_id', '=', customer.id]))}`)).body.rows.length, 0)
    await clean(page, 'line')
    await page.locator('dialog [data-t=save]').click()
    await page.locator('.peek').getByText(customer.name).first().waitFor()
    const made = (await call(page, 'GET', `activity?filter=${encodeURIComponent(JSON.stringify(['customer_id', '=', customer.id]))}`)).body.rows
    assert.deepEqual(made.map((r) => [r.kind, r.minutes, r.status]), [['call', 30, 'done']])
  })

  for (const [locale, options, said] of [['zh-TW', {}, (s) => `昨天打電話給Lighterman ${s} 30分鐘，要3x40HC報價`], ['vi', { size: PHONE, touch: true }, (s) => `Hôm qua gọi Lighterman ${s} 30 phút, cần báo giá 3x40HC`]])
    await test(`a line as a colleague writes it is read and kept in ${locale}`, { locale, ...options }, async (page, stamp) => {
      await signIn(page)
      const { customer } = await people(page, stamp)
      await page.goto('/t/activity?view=mine')
      await page.locator('[data-t=fromline]').click()
      await page.locator('[data-t=line]').fill(said(stamp))
      await page.locator('[data-t=reading] [data-field=customer_id]').getByText(customer.name).waitFor()
      assert.match(await page.locator('[data-t=reading] [data-field=minutes]').innerText(), /30/)
      assert.equal(await overflow(page), 0)
      await clean(page, 'line in ' + locale)
      await shot(page, locale)
      await page.locator('dialog [data-t=save]').click()
      await page.locator('dialog').waitFor({ state: 'detached' })
      const made = (await call(page, 'GET', `activity?filter=${encodeURIComponent(JSON.stringify(['customer_id', '=', customer.id]))}`)).body.rows
      assert.deepEqual(made.map((r) => [r.kind, r.minutes, r.status]), [['call', 30, 'done']])
    })

  await test('what a line names and nobody knows is said; the form takes over what was read', {}, async (page, stamp) => {
    await signIn(page)
    await page.goto('/t/activity?view=mine')
    await page.locator('[data-t=fromline]').click()
    await page.locator('[data-t=line]').fill(`Visited Mr Nobodyknows at Unheardof ${stamp} today 20 min`)
    await page.locator('[data-unsure=contact_id]').getByText('Nobodyknows').waitFor()
    await page.locator('[data-unsure=customer_id]').getByText('Unheardof').waitFor()
    await page.locator('[data-t=line-change]').click()
    await page.locator('dialog [data-field=minutes] input').waitFor()
    assert.equal(await page.locator('dialog [data-field=minutes] input').inputValue(), '20')
  })

  await test('a sentence in the palette is written down from there, by keyboard and on a phone', { size: PHONE, touch: true, locale: 'zh-CN' }, async (page, stamp) => {
    await signIn(page)
    const { customer } = await people(page, stamp)
    await page.locator('[data-t=palette]:visible').click()
    await page.locator('[data-t=palq]').fill(`昨天拜访Lighterman ${stamp} 20分钟`)
    await page.locator('[data-id=line-activity]').click()
    await page.locator('[data-t=reading] [data-field=customer_id]').getByText(customer.name).waitFor()
    assert.equal(await overflow(page), 0)
    await clean(page, 'line on a phone')
    await page.locator('[data-t=line]').press('Enter')
    await page.waitForURL(/\/t\/activity\/\d+/)
    await page.locator('.recpage').getByText(customer.name).first().waitFor()
  })

  await test('a visit is checked in to with a picture, in one step, on a phone', { size: PHONE, touch: true, locale: 'vi' }, async (page, stamp) => {
    await signIn(page)
    const visit = ok(await call(page, 'POST', 'activity', { subject: `Visit ${stamp}`, kind: 'visit' }), 'visit').row
    await page.goto(`/t/activity/${visit.id}`)
    await page.locator('[data-action=check_in]').click()
    const picture = page.locator('dialog [data-field=picture] input')
    assert.deepEqual([await picture.getAttribute('accept'), await picture.getAttribute('capture')], ['image/*', 'environment'])
    await picture.setInputFiles({ name: 'gate.png', mimeType: 'image/png', buffer: PIXEL })
    assert.equal(await overflow(page), 0)
    await clean(page, 'check in')
    await page.locator('[data-t=run]').click()
    await page.locator('[data-file="gate.png"]').waitFor()
    const row = (await call(page, 'GET', `activity/${visit.id}`)).body.row
    assert.ok(row.arrived_at && row.status === 'doing', JSON.stringify(row))
  })
}
