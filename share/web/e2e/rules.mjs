// rules.mjs - flows of the administration: number series, pools with their rules, dry runs of scripts, looking as somebody.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { start } from './host.mjs'
import { call, eventually, open, signIn, until } from './lib.mjs'

export async function rules({ test, clean, ok, choose, make, metaOf, TABLE, browser }) {
  await test('a language that an administrator added is chosen before and after signing in, and stays', {}, async () => {
    const own = await start({ languages: { ja: { language: '日本語', 'ui.home': 'ホーム', 'ui.signin': 'サインイン', 'lead.*': '見込み客' } } })
    const page = await open(browser, own.url)
    try {
      await page.goto('/')
      await page.locator('[data-t=locale]').selectOption('ja')
      await page.locator('[data-t=signin]', { hasText: 'サインイン' }).waitFor()
      await page.locator('[data-demo]').first().click()
      await page.locator('[data-t=home]', { hasText: 'ホーム' }).waitFor()
      await page.locator('.side .nav', { hasText: '見込み客' }).waitFor()
      await page.locator('[data-t=bell]', { hasText: 'Alerts' }).waitFor() // what the file leaves out
      await eventually('the page says so', () => page.evaluate(() => document.documentElement.lang), 'ja')
      await clean(page, 'an added language')
      await page.reload()
      await page.locator('[data-t=home]', { hasText: 'ホーム' }).waitFor()
      await page.goto('/admin/system')
      const [file] = await Promise.all([page.waitForEvent('download'), page.locator('[data-words=en]').click()])
      assert.equal(file.suggestedFilename(), 'en.json')
      const words = JSON.parse(readFileSync(await file.path(), 'utf8'))
      assert.ok(words.language === 'English' && words['ui.home'] && words['lead.phone'] && words['ui.admin.words'])
    } finally {
      await page.context().close()
      await own.stop()
    }
  })

  await test('administration: a number series shows its next number, is changed, and counts from the next record on', {}, async (page, stamp) => {
    await signIn(page)
    await page.goto('/admin/series')
    const box = page.locator('[data-series="customer.number"]')
    await box.locator('[data-field=prefix] input').fill(`K${stamp}-{year}-`)
    await page.keyboard.press('Enter')
    await page.locator('.toast').first().waitFor()
    await box.locator('[data-field=digits] input').fill('7')
    await page.keyboard.press('Enter')
    await until('kept', async () => ok(await call(page, 'GET', 'series?filter=' + encodeURIComponent('["name","=","customer.number"]')), 'series').rows[0]?.digits === 7)
    const looks = await until('it shows the next', async () => new RegExp(`^K${stamp}-20\\d\\d-\\d{7}$`).exec(await box.locator('[data-t=looks]').innerText())?.[0])
    await clean(page, 'series')
    const made = ok(await call(page, 'POST', 'customer', { name: `Numbered ${stamp}` }), 'customer').row
    assert.equal(made.number, looks)
    const row = ok(await call(page, 'GET', 'series?filter=' + encodeURIComponent('["name","=","customer.number"]')), 'series').rows[0]
    ok(await call(page, 'PATCH', `series/${row.id}`, { prefix: null, digits: 5 }, { 'If-Match': `"${row.version}"` }), 'back')
  })

  await test('administration: a pool is made, gets members, rules in order and hidden fields', {}, async (page, stamp) => {
    await signIn(page)
    await page.goto('/admin/pools')
    await page.locator('[data-t=addpool]').click()
    await page.locator('dialog [data-field=name] input').fill(`Screen ${stamp}`)
    await choose(page.locator('dialog [data-field=on_table] .combo'), 'Leads')
    await page.locator('[data-t=save]').click()
    await page.locator('#pool-rules').waitFor()
    const id = await until('its page', () => Number(/pools\/(\d+)/.exec(page.url())?.[1]))
    const rows = async (table) => ok(await call(page, 'GET', `${table}?sort=id&filter=` + encodeURIComponent(`["pool_id","=",${id}]`)), table).rows
    await choose(page.locator('[data-t=members] .combo'), 'Alice')
    await until('a member', async () => (await rows('pool_member')).some((r) => r.user_id))
    await choose(page.locator('[data-t=departments] .combo'), 'Shenzhen')
    await until('a department', async () => (await rows('pool_member')).some((r) => r.department_id))
    for (const [name, days] of [['Cold ones', '10'], ['All others', '40']]) {
      await page.locator('[data-t=addrule]').click()
      await page.locator('dialog [data-field=name] input').fill(name)
      await page.locator('dialog [data-field=days] input').fill(days)
      await page.locator('[data-t=save]').click()
      await page.locator('dialog').waitFor({ state: 'detached' })
    }
    await page.locator('[data-rule]').nth(1).getByText('All others').waitFor()
    await page.locator('[data-rule]').nth(1).locator('[data-t=up]').click()
    await until('in the new order', async () => (await rows('pool_rule')).find((r) => r.name === 'All others').place === 1)
    await page.locator('[data-rule]').nth(0).getByText('All others').waitFor()
    await page.locator('[data-t=addhidden]').click()
    await page.locator('dialog [data-field=field] option', { hasText: 'Phone' }).first().waitFor({ state: 'attached' })
    await page.locator('dialog [data-field=field] select').selectOption('phone')
    await page.locator('[data-t=save]').click()
    await page.locator('[data-hidden=phone]').getByText('Phone').waitFor()
    await clean(page, 'a pool')
    await page.locator('[data-t=show]').click()
    await until('shown again', async () => (await rows('pool_field')).length === 0)
    await page.goto('/admin/pools')
    await page.locator(`[data-pool="${id}"]`).getByText('2 rules').waitFor()
    await clean(page, 'pools')
  })

  await test('administration: a rule is asked about real records before it counts, and nothing changes', {}, async (page) => {
    await signIn(page)
    const row = await make(page, await metaOf(page), { owner_id: null, pool_id: 1 })
    await page.goto('/admin/scripts/rules~leads-may_claim')
    const code = page.locator('.code .cm-content')
    await code.waitFor()
    await code.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Delete')
    await page.keyboard.insertText(`-- Nobody claims this one.\nreturn function(lead, user_id)\n  return lead.name ~= "${row.name}"\nend\n`)
    await page.locator('[data-t=tryscript]').click()
    await page.locator('[data-t=tried]').getByText(row.name).waitFor()
    await until('what would change', async () => /true → false/.test(await page.locator('[data-t=tried] li').first().innerText()))
    await clean(page, 'a dry run')
    await code.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.press('Delete')
    await page.keyboard.insertText('-- Names no field.\nreturn function(lead)\n  return lead.nosuch\nend\n')
    await page.locator('[data-t=tryscript]').click()
    await page.locator('.scripttry .note.bad').waitFor()
    assert.equal(ok(await call(page, 'GET', '_script/text?file=rules/leads.may_claim.lua'), 'text').text, null)
  })

  await test('administration: from a user and from a role one looks as somebody, and comes back', {}, async (page) => {
    await signIn(page)
    await page.goto('/admin/users/3')
    await page.locator('[data-t=lookas]').click()
    await page.locator('.looking').waitFor()
    ok(await call(page, 'DELETE', '_look_as'), 'back')
    await page.goto('/admin/roles/2')
    await page.locator('[data-t=rolemenu]').click()
    await page.locator('[data-id^=look-]').first().click()
    await page.locator('.looking').waitFor()
    await page.goto('/admin/roles/2')
    await page.locator('.empty').waitFor()
    assert.equal(await page.locator('[data-t=rolemenu]').count(), 0, 'who is looked as administers nothing')
    ok(await call(page, 'DELETE', '_look_as'), 'back')
  })
}
