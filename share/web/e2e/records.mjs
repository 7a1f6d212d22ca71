// records.mjs - flows on one record: what its pool hides, mails, forms that ask only for what counts.
import assert from 'node:assert/strict'
import { call, eventually, signIn, until } from './lib.mjs'

export async function records({ test, clean, ok, make, metaOf, phone, TABLE }) {
  await test('a record in a pool says what is hidden until it is claimed, and shows it then', {}, async (page, stamp) => {
    await signIn(page)
    const pool = ok(await call(page, 'POST', 'pool', { name: `Veil ${stamp}`, on_table: TABLE }), 'pool').row
    ok(await call(page, 'POST', 'pool_member', { pool_id: pool.id, department_id: 2 }), 'member')
    for (const [field, access] of [['phone', 'none'], ['email', 'mask'], ['@notes', 'none'], ['@files', 'none']])
      ok(await call(page, 'POST', 'pool_field', { pool_id: pool.id, field, access }), 'hidden field')
    const row = await make(page, await metaOf(page), { owner_id: null, pool_id: pool.id, phone: phone(), email: `veil${stamp}@example.org` })
    await page.goto(`/t/pool/${pool.id}`)
    await page.locator('[data-related=pool_field]').getByText('Phone').waitFor() // and not "phone"
    await clean(page, 'pool')
    await page.locator('[data-t=me]:visible').click()
    await page.locator('[data-id=out]').click()
    await page.locator('#login').waitFor()
    await signIn(page, 2)
    await page.goto(`/t/${TABLE}/${row.id}`)
    await page.locator('[data-veiled=phone]').waitFor()
    await until('a part of the address', async () => /\*\*\*/.test(await page.locator('[data-veiled=email]').innerText()))
    await page.locator('[data-t=notes-hidden]').waitFor()
    await page.locator('[data-t=files-hidden]').waitFor()
    await clean(page, 'veiled record')
    await page.locator('[data-action=claim]').click()
    await page.locator('.recpage').getByText(`veil${stamp}@example.org`).first().waitFor()
    await eventually('nothing hidden', () => page.locator('[data-veiled], [data-t=notes-hidden]').count(), 0)
  })

  await test('a mail is begun from a template, sent with files, and stands on the timeline', {}, async (page, stamp) => {
    await signIn(page)
    const template = ok(await call(page, 'POST', 'mail_template', { name: `Hello ${stamp}`, on_table: TABLE, subject_en: 'Rates for {name}', body_en: 'Dear {contact},\nour rates.' }), 'template').row
    const buyer = `buyer${stamp}@example.org`
    const row = await make(page, await metaOf(page), { email: buyer, contact: 'Ms Lin' })
    for (const [path, name] of [[`mail_template/${template.id}`, 'terms.txt'], [`${TABLE}/${row.id}`, 'rates.txt'], [`${TABLE}/${row.id}`, 'internal.txt']])
      await page.evaluate(([path, name]) => fetch(`/api/${path}/_files?name=${name}`, { method: 'POST', body: name, headers: { 'X-Berth': '1', 'Content-Type': 'application/octet-stream' } }), [path, name])
    await page.goto(`/t/${TABLE}/${row.id}`)
    await page.locator('[data-t=mail]').click()
    await eventually('to whom', () => page.locator('[data-t=to]').inputValue(), buyer)
    await page.locator('[data-t=template]').selectOption({ label: `Hello ${stamp}` })
    await page.waitForFunction(() => /Ms Lin/.test(document.querySelector('[data-t=text]').value))
    await page.locator('dialog [data-t=files]').getByText('rates.txt').click()
    await eventually('what goes along', () => page.locator('dialog [data-t=files] label:has(:checked)').allInnerTexts(), ['terms.txt', 'rates.txt'])
    await clean(page, 'mail')
    await page.locator('[data-t=to]').fill('no address')
    await page.locator('[data-t=send]').click()
    await page.locator('dialog .err').waitFor()
    await page.locator('[data-t=to]').fill(buyer)
    await page.locator('[data-t=send]').click()
    await page.locator('[data-op=mail]').getByText(row.name).waitFor()
    await page.locator('[data-op=mail]').getByText(/rates\.txt/).waitFor()
    if (/internal/.test(await page.locator('[data-op=mail]').innerText())) throw new Error('a file that was not chosen went along')
    await page.locator('[data-kind=mail]').click()
    await page.locator('[data-op=mail]').waitFor()
    await page.locator('[data-op=create]').waitFor({ state: 'detached' })
  })

  await test('a logged contact is one entry of the timeline, with a way to the activity', {}, async (page, stamp) => {
    await signIn(page)
    const row = await make(page, await metaOf(page))
    await page.goto(`/t/${TABLE}/${row.id}`)
    await page.locator('[data-action=log]').click()
    await page.locator('dialog [data-field=note] textarea').fill(`they compare ${stamp}`)
    await page.locator('[data-t=run]').click()
    await page.locator('.tl a', { hasText: `they compare ${stamp}` }).waitFor()
    await eventually('once', () => page.locator('.tl li', { hasText: `they compare ${stamp}` }).count(), 1)
  })

  await test('of long notes the timeline shows what was exchanged', {}, async (page, stamp) => {
    await signIn(page)
    const long = `They ship twelve forty-foot containers a month from Ningbo to Rotterdam with another forwarder until ${stamp}.`
    let row = await make(page, await metaOf(page))
    row = ok(await call(page, 'PATCH', `${TABLE}/${row.id}`, { version: row.version, notes: long }), 'notes').row
    row = ok(await call(page, 'PATCH', `${TABLE}/${row.id}`, { version: row.version, notes: `${long}\nA quotation by Friday.` }), 'notes').row
    ok(await call(page, 'PATCH', `${TABLE}/${row.id}`, { version: row.version, notes: row.notes.replace('Rotterdam', 'Hamburg') }), 'notes')
    await page.goto(`/t/${TABLE}/${row.id}`)
    const told = page.locator('.tl .chg dd')
    await eventually('the newest first', async () => (await told.allInnerTexts()).slice(0, 2).map((s) => s.replace(/\s*from\s*/, ' ').replace(/  +/g, ' ').trim()), ['… Rotterdam → Hamburg …', '… A quotation by Friday. …'])
  })

  await test('forms offer pools of their own table, and ask for a reason only when there is one to give', {}, async (page, stamp) => {
    await signIn(page)
    ok(await call(page, 'POST', 'pool', { name: `Other ${stamp}`, on_table: 'customer' }), 'pool')
    ok(await call(page, 'POST', 'pool', { name: `Mine ${stamp}`, on_table: TABLE }), 'pool')
    const row = await make(page, await metaOf(page))
    await page.goto(`/t/${TABLE}/${row.id}`)
    await page.locator('[data-action=release]').click()
    await page.locator('dialog [data-field=pool_id] input').click()
    await page.locator('[role=option]', { hasText: `Mine ${stamp}` }).waitFor()
    assert.equal(await page.locator('[role=option]', { hasText: `Other ${stamp}` }).count(), 0)
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await page.goto('/t/pool_rule')
    await page.locator('[data-t=new]').first().click()
    await page.locator('dialog [data-field=counted_from]').waitFor()
    assert.equal(await page.locator('dialog [data-field=counted_field]').count(), 0)
    await page.locator('dialog [data-field=counted_from] input').click()
    await page.locator('[role=option]', { hasText: 'field' }).first().click()
    await page.locator('dialog [data-field=counted_field]').waitFor()
  })
}
