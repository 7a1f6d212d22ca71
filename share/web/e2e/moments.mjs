// moments.mjs - flows of time: moments as one's language writes them, a record as it was, a record that waits.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { call, enterMoment, eventually, open, PHONE, signIn, until } from './lib.mjs'

export async function moments({ test, clean, ok, make, metaOf, browser, host, TABLE }) {
  for (const [locale, name, size, shown] of [['zh-CN', 'desk', undefined, '2026/3/15 08:30'], ['vi', 'desk', undefined, '08:30 15/3/2026'], ['vi', 'phone', PHONE, '08:30 15/03/2026']])
    await test(`a moment is shown and typed as one writes it: ${locale} ${name}`, { locale, size, touch: !!size }, async (page, stamp) => {
      await signIn(page)
      await page.goto('/t/activity?view=all')
      await page.locator('[data-t=new]').click()
      await page.locator('dialog [data-field=subject] input').fill('Moment ' + stamp)
      const field = page.locator('dialog [data-field=start_at]')
      await field.scrollIntoViewIfNeeded()
      if (size) await enterMoment(field, '2026-03-15T08:30')
      else {
        await field.locator('[role=spinbutton]').first().click()
        await page.keyboard.type(locale === 'vi' ? '083015032026' : '202603150830')
      }
      await eventually('as it is written', async () => (await field.locator('.segs').innerText()).replace(/[\s\u2068\u2069]+/g, ' ').replace(/ ?([/:]) ?/g, '$1').trim(), shown)
      assert.deepEqual(await field.locator('[aria-valuetext=Empty]').count(), 0)
      await clean(page, 'a moment in a form')
      await page.locator('[data-t=save]').click()
      await page.locator('dialog').waitFor({ state: 'detached' })
      const row = ok(await call(page, 'GET', 'activity?q=' + encodeURIComponent('Moment ' + stamp)), 'search').rows[0]
      assert.equal(row.start_at, '2026-03-15T00:30:00.000Z', 'on the clock of the company')
    })

  await test('a day picked in the month gets a time, and picking it again keeps it', {}, async (page) => {
    await signIn(page)
    await page.goto('/t/activity?view=all')
    await page.locator('[data-t=new]').click()
    const field = page.locator('dialog [data-field=start_at]')
    const text = async () => (await field.locator('.segs').innerText()).replace(/\s+/g, '')
    for (let i = 0; i < 2; i++) {
      await field.locator('.clear').last().click()
      await field.locator('.cal .day:not([data-outside-view])').nth(14).click()
      await field.locator('.cal').waitFor({ state: 'detached' })
      await until('the day and the morning', async () => /15.*09:00/.test(await text()))
    }
  })

  for (const [size, name] of [[undefined, 'desk'], [PHONE, 'phone']]) await test('a record is shown as it was at a moment, changes nothing there, and comes back: ' + name, size ? { size, touch: true } : {}, async (page, stamp) => {
    await signIn(page)
    const row = await make(page, await metaOf(page), { city: 'Then' + stamp })
    /* Moments are typed by the minute: what is of then has to be older. */
    await page.goto(`/t/${TABLE}/${row.id}`)
    await page.getByText('Then' + stamp).first().waitFor()
    await page.locator('[data-t=recmore]').click()
    await page.locator('.opt[data-id=asof]').click()
    await page.locator('[data-t=asof]').waitFor()
    await page.getByText('Then' + stamp).first().waitFor()
    ok(await call(page, 'PATCH', `${TABLE}/${row.id}`, { city: 'Now' + stamp }, { 'If-Match': `"${row.version}"` }), 'change')
    assert.equal(await page.locator('[data-t=edit], [data-action], [data-edit]').count(), 0)
    await page.getByText('Then' + stamp).first().waitFor()
    await clean(page, 'a record of then')
    assert.match(page.url(), /[?&]asof=20/)
    await page.reload()
    await page.getByText('Then' + stamp).first().waitFor()
    assert.equal(await page.getByText('Now' + stamp).count(), 0, 'the link shows the same')
    await enterMoment(page.locator('[data-t=asof]'), '2020-01-01T08:00')
    await page.keyboard.press('Enter')
    await page.locator('.trouble, .empty, [role=alert]').first().waitFor()
    await page.locator('[data-t=asofnow]').click()
    await page.getByText('Now' + stamp).first().waitFor()
    assert.equal(await page.locator('[data-t=asof]').count(), 0)
    assert.ok(!page.url().includes('asof'))
  })

  for (const [locale, size, name] of [['vi', undefined, 'desk'], ['en', undefined, 'desk'], ['zh-CN', PHONE, 'phone']]) await test(`quiet hours are written as one writes a time of day: ${locale} ${name}`, { locale, size, touch: !!size }, async (page) => {
    await signIn(page, 3)
    await page.goto('/alerts')
    const quiet = async () => ok(await call(page, 'GET', '_alert/_prefs'), 'preferences')
    const enter = async (which, hour, minute) => {
      const field = page.locator(`[data-t=quiet${which}] .dfield`)
      await field.waitFor()
      if (size) return field.locator('input').fill(`${hour}:${minute}`)
      await field.locator('[role=spinbutton]').first().click()
      await page.keyboard.type(hour + minute)
      await page.keyboard.press('Enter')
    }
    await enter('from', '21', '30')
    await eventually('from', async () => (await quiet()).quiet_from, '21:30')
    await enter('to', '07', '05')
    await eventually('until', async () => { const q = await quiet(); return [q.quiet_from, q.quiet_to] }, ['21:30', '07:05'])
    await eventually('as it is written', async () => (await page.locator('[data-t=quietfrom] .segs').innerText()).replace(/[\s\u2068\u2069]+/g, ''), '21:30')
    await clean(page, 'quiet hours')
    if (!size) {
      await page.locator('[data-t=quietto] .clear').click()
      await eventually('until midnight', async () => (await quiet()).quiet_to, '00:00')
    }
    ok(await call(page, 'PUT', '_alert/_prefs', { quiet_from: null, quiet_to: null }), 'none again')
  })

  await test('a list of then is searched, counted, added up and exported', {}, async (page, stamp) => {
    await signIn(page)
    const customer = ok(await call(page, 'POST', 'customer', { name: 'Sums ' + stamp }), 'customer').row
    const made = async (n, amount) => ok(await call(page, 'POST', 'opportunity', { name: `Then${stamp} ${n}`, customer_id: customer.id, currency: 'CNY', amount }), 'opportunity').row
    const [one, two] = [await made('one', '100.50'), await made('two', '200.25')]
    const then = new Date(Math.max(Date.parse(one.created_at), Date.parse(two.created_at)) + 1).toISOString()
    await new Promise((r) => setTimeout(r, 20))
    ok(await call(page, 'PATCH', 'opportunity/' + one.id, { amount: '999', name: 'Now' + stamp }, { 'If-Match': `"${one.version}"` }), 'change')
    await page.goto(`/t/opportunity?view=all&asof=${then}&sums=base_amount`)
    await page.locator('[data-t=asof]').waitFor()
    await page.locator('[data-t=q]').fill('Then' + stamp)
    await eventually('two of them', async () => page.locator('.gb > .gr').count(), 2)
    await until('their sum of then', async () => /300\.75/.test(await page.locator('[data-t=sums]').textContent()))
    await eventually('how many', async () => (await page.locator('[data-t=count]').textContent()).replace(/\D/g, ''), '2')
    await page.goto(`/t/opportunity?view=all&asof=${then}&sums=base_amount,amount&q=Then${stamp}`)
    await until('the sum of what has no column', async () => /300\.75/.test(await page.locator('[data-t=sumsaside]').textContent()))
    await clean(page, 'a list of then with sums')
    await page.locator('[data-t=more]').first().click()
    const [file] = await Promise.all([page.waitForEvent('download'), page.locator('.opt[data-id=export-csv]').click()])
    const text = readFileSync(await file.path(), 'utf8')
    assert.equal(text.trim().split(/\r?\n/).length, 3)
    assert.match(text, new RegExp(`Then${stamp} one`))
  })

  await test('on a phone Back finds the cards where they were', { size: PHONE, touch: true }, async (page) => {
    await signIn(page)
    await page.goto(`/t/${TABLE}?view=all`)
    await page.evaluate(() => {
      window.standsAt = () => {
        const box = document.querySelector('.cards')
        return box.querySelectorAll('.card')[30].getBoundingClientRect().top - box.getBoundingClientRect().top
      }
      addEventListener('click', () => (window.left = [window.standsAt(), document.querySelector('.cards').scrollTop]), { capture: true })
    })
    await page.locator('.card').nth(30).scrollIntoViewIfNeeded()
    /* names that came behind the cards may break a line */
    await until('the cards stand still', () => page.evaluate(async () => {
      const was = window.standsAt()
      for (let i = 0; i < 30; i++) await new Promise(requestAnimationFrame)
      return was === window.standsAt()
    }))
    await page.locator('.card a.cardbody').nth(30).click()
    await page.locator('.kv').first().waitFor()
    const [left, down] = await page.evaluate(() => window.left)
    assert.ok(down > 1000, `only ${down} pixels down`)
    await page.goBack()
    await page.locator('.card').nth(30).waitFor()
    await until(`the card where it was, but for parts of pixels: ${left}`, async () => Math.abs(await page.evaluate(() => window.standsAt()) - left) < 4)
  })

  await test('a record that waits for its approval offers no edit and says why', {}, async (page, stamp) => {
    const city = 'Locked ' + stamp
    const boss = await open(browser, host.url)
    await signIn(boss)
    const flow = ok(await call(boss, 'POST', 'approval_flow', { name: 'New in ' + city, on_table: 'customer', starts: 'create', applies_to: ['city', '=', city] }), 'flow').row
    ok(await call(boss, 'POST', 'approval_step', { flow_id: flow.id, place: 0, name: 'Superior' }), 'step')
    await boss.context().close()
    await signIn(page, 2)
    const row = ok(await call(page, 'POST', 'customer', { name: city, city }), 'customer').row
    await page.goto('/t/customer/' + row.id)
    await page.locator('[data-t=locked]', { hasText: 'New in ' + city }).waitFor()
    assert.equal(await page.locator('[data-t=edit], [data-edit]').count(), 0)
    const add = page.locator('[data-related=customer_bank] h2 button')
    await page.locator('[data-related=customer_bank]').waitFor()
    assert.equal(await add.count(), 0)
    await clean(page, 'a locked record')

    const list = await page.context().newPage()
    await list.goto(`/t/customer?view=all&q=${encodeURIComponent(city)}`)
    const cell = list.locator(`#row-${row.id} .gc`, { hasText: city }).last()
    await cell.dblclick()
    await list.locator('.toast', { hasText: 'New in ' + city }).waitFor()
    assert.equal(await list.locator('.gc.edit').count(), 0)
    await list.close()

    await page.locator('[data-op=withdraw]').click()
    await page.locator('dialog .btn.pri').last().click()
    await page.locator('[data-t=edit]').waitFor()
    await add.waitFor()
  })

  for (const [size, name] of [[undefined, 'desk'], [PHONE, 'phone']]) await test('what would change a record that waits is there, disabled, and says for what: ' + name, size ? { size, touch: true } : {}, async (page, stamp) => {
    const pol = 'Port ' + stamp
    const boss = await open(browser, host.url)
    await signIn(boss)
    const flow = ok(await call(boss, 'POST', 'approval_flow', { name: 'From ' + pol, on_table: 'opportunity', starts: 'create', applies_to: ['pol', '=', pol] }), 'flow').row
    ok(await call(boss, 'POST', 'approval_step', { flow_id: flow.id, place: 0, name: 'Superior' }), 'step')
    await boss.context().close()
    await signIn(page, 2)
    const customer = ok(await call(page, 'POST', 'customer', { name: 'Held ' + stamp }), 'customer').row
    const row = ok(await call(page, 'POST', 'opportunity', { name: 'Held ' + stamp, customer_id: customer.id, pol }), 'opportunity').row
    await page.goto('/t/opportunity/' + row.id)
    await page.locator('[data-t=locked]', { hasText: 'From ' + pol }).waitFor()
    await page.locator('[data-action=log]:enabled').waitFor()
    await page.locator('[data-t=recmore]').click()
    await page.locator('.opt').first().waitFor()
    const hold = page.locator('.opt[data-id=hold], [data-action=hold]')
    assert.ok(await hold.evaluate((b) => b.disabled || b.getAttribute('aria-disabled') === 'true'))
    assert.match(await hold.evaluate((b) => b.title || document.getElementById(b.getAttribute('aria-describedby')).textContent), new RegExp('From ' + pol))
    await hold.click({ force: true })
    assert.equal(ok(await call(page, 'GET', 'opportunity/' + row.id), 'read').row.status, 'open')
    await clean(page, 'actions that are held')
  })
}
