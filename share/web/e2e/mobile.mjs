// mobile.mjs - flows of the phone and of a connection that comes and goes: nothing typed is lost, Back closes what is on top.
import assert from 'node:assert/strict'
import { call, eventually, PHONE, signIn, until } from './lib.mjs'

const offline = (page) => { page.trouble = page.trouble.filter((x) => !/ERR_INTERNET_DISCONNECTED|Failed to fetch/.test(x)) }

export async function mobile({ test, clean, ok, choose, make, metaOf, fetchRow, TABLE }) {
  await test('a change made without a connection is told with its value, and is tried again', {}, async (page, stamp) => {
    await page.clock.install()
    await signIn(page)
    const row = await make(page, await metaOf(page))
    await page.goto(`/t/${TABLE}/${row.id}`)
    await page.locator('[data-edit=city]').click()
    await page.context().setOffline(true)
    await page.locator('#fact-city').fill(`Ningbo ${stamp}`)
    await page.keyboard.press('Enter')
    await page.locator('.toast.bad', { hasText: `Ningbo ${stamp}` }).waitFor()
    await clean(page, 'not saved')
    await page.clock.fastForward(9000) // longer than any other message stays
    await page.context().setOffline(false)
    await page.locator('[data-t=tryagain]').click()
    await page.locator('.toast [data-t=undo]').waitFor()
    await eventually('saved', async () => (await fetchRow(page, row.id)).row.city, `Ningbo ${stamp}`)
    offline(page)
  })

  await test('on a phone a form keeps what was typed when the connection drops, and saves it afterwards', { size: PHONE, touch: true }, async (page, stamp) => {
    await signIn(page)
    await page.goto(`/t/${TABLE}?view=all`)
    await page.locator('.card').first().waitFor()
    await page.locator('[data-t=new]').click()
    await page.locator('dialog [data-field=name] input').fill(`Offline ${stamp}`)
    await page.context().setOffline(true)
    await page.locator('[data-t=save]').click()
    await page.locator('dialog .note.bad').waitFor()
    await eventually('still there', () => page.locator('dialog [data-field=name] input').inputValue(), `Offline ${stamp}`)
    await page.context().setOffline(false)
    await page.locator('[data-t=save]').click()
    await page.locator('dialog').waitFor({ state: 'detached' })
    await eventually('saved once', async () => ok(await call(page, 'GET', `${TABLE}?q=` + encodeURIComponent(`Offline ${stamp}`)), 'search').rows.length, 1)
    offline(page)
  })

  await test('what the host did, and nobody heard of, is not done again', {}, async (page, stamp) => {
    const twice = (path) => { // the answer to the first request is lost, as often as the page asks by itself
      let lost = 0
      return page.route((u) => u.pathname === path, async (route) => {
        if (route.request().method() !== 'POST' || ++lost > 4) return route.continue()
        await route.fetch()
        await route.abort()
      })
    }
    await signIn(page)
    await page.goto('/t/lead?view=all')
    await twice('/api/lead')
    await page.locator('[data-t=new]').click()
    await page.locator('dialog [data-field=name] input').fill(`Unheard ${stamp}`)
    await page.locator('[data-t=save]').click()
    await page.locator('dialog .note.bad').waitFor()
    await page.locator('[data-t=save]').click()
    await page.locator('dialog').waitFor({ state: 'detached' })
    const [row, ...more] = ok(await call(page, 'GET', 'lead?q=' + encodeURIComponent(`Unheard ${stamp}`)), 'search').rows
    assert.equal(more.length, 0)
    await page.goto('/t/lead/' + row.id)
    await twice(`/api/lead/${row.id}/log`)
    await page.locator('[data-action=log]').first().click()
    await page.locator('dialog [data-field=note] textarea').fill(`Unheard ${stamp}`)
    await page.locator('[data-t=run]').click()
    await page.locator('dialog .note.bad').waitFor()
    await page.locator('[data-t=run]').click()
    await page.locator('dialog').waitFor({ state: 'detached' })
    assert.equal(ok(await call(page, 'GET', 'activity?filter=' + encodeURIComponent(JSON.stringify(['lead_id', '=', row.id]))), 'activities').rows.length, 1)
    page.trouble = page.trouble.filter((x) => !/ERR_FAILED|Failed to fetch/.test(x))
  })

  await test('on a phone what was typed for an action outlives a dropped connection, and is done once', { size: PHONE, touch: true, locale: 'vi' }, async (page, stamp) => {
    await signIn(page)
    const row = ok(await call(page, 'POST', 'lead', { name: `Log ${stamp}` }), 'lead').row
    await page.goto('/t/lead/' + row.id)
    await page.locator('[data-action=log]').first().tap()
    const note = page.locator('dialog [data-field=note] textarea')
    await note.fill(`Said ${stamp}`)
    await page.context().setOffline(true)
    await page.locator('[data-t=run]').tap()
    await page.locator('dialog .note.bad').waitFor()
    assert.equal(await note.inputValue(), `Said ${stamp}`)
    await clean(page, 'an action that did not come through')
    await page.context().setOffline(false)
    await page.locator('[data-t=run]').tap()
    await page.locator('dialog').waitFor({ state: 'detached' })
    const logged = async () => ok(await call(page, 'GET', 'activity?filter=' + encodeURIComponent(JSON.stringify(['lead_id', '=', row.id]))), 'activities').rows.length
    await eventually('logged once', logged, 1)
    offline(page)
  })

  await test('what the host refuses about an action stands in its form, beside the field', { locale: 'zh-CN' }, async (page, stamp) => {
    await signIn(page)
    const row = ok(await call(page, 'POST', 'lead', { name: `Refused ${stamp}`, contact: 'Ada' }), 'lead').row
    await page.goto('/t/lead/' + row.id)
    await page.locator('[data-action=convert]').first().click()
    const into = page.locator('dialog [data-field=into] .combo')
    for (const what of ['客户', '商机']) await choose(into, what) // leaves the person, who needs a company
    await page.locator('dialog [data-field=opportunity_name] input').fill(`Kept ${stamp}`)
    await page.locator('[data-t=run]').click()
    await page.locator('dialog [data-field=customer_id] .err').waitFor()
    assert.equal(await page.locator('dialog [data-field=opportunity_name] input').inputValue(), `Kept ${stamp}`)
    assert.equal(ok(await call(page, 'GET', `lead/${row.id}`), 'lead').row.status, 'new')
    await clean(page, 'a refused action')
  })

  await test('on a phone Back closes a menu, a sheet, a form and a record, in that order, and then goes back', { size: PHONE, touch: true }, async (page) => {
    await signIn(page)
    await page.goto(`/t/${TABLE}?view=all`)
    await page.locator('.card').first().waitFor()
    await page.locator('.card').first().click()
    await page.locator('.kv').first().waitFor()
    const record = page.url()
    await page.locator('[data-t=recmore]').click()
    await page.locator('.pop .opt').first().waitFor()
    await page.goBack()
    await page.locator('.pop .opt').first().waitFor({ state: 'detached' })
    await page.waitForURL(record)
    await page.locator('[data-t=recmore]').click()
    await page.locator('[data-id=edit]').click()
    await page.locator('dialog form').waitFor()
    await page.goBack()
    await page.locator('dialog form').waitFor({ state: 'detached' })
    await page.waitForURL(record)
    await page.goBack()
    await page.locator('.card').first().waitFor()
  })

  await test('on a phone numbers to call, addresses to write to and records to open are 40 px high', { size: { width: 360, height: 740 }, touch: true }, async (page, stamp) => {
    await signIn(page)
    const row = await make(page, await metaOf(page), { phone: '0755' + String(Date.now()).slice(-8), email: stamp + '@example.test' })
    await page.goto(`/t/${TABLE}/${row.id}`)
    await page.locator('.kv a[href^="tel:"]').waitFor()
    await page.locator('.files [data-t=addfile]').waitFor()
    assert.equal(await page.locator('.files', { hasText: 'None yet' }).count(), 1, 'nobody is told to drag files on a phone')
    const low = () => page.locator('.kv .v a, .rechead a, .tile .kpi').evaluateAll((all) => all.filter((a) => a.checkVisibility() && a.getBoundingClientRect().height < 39.5).map((a) => a.outerHTML.slice(0, 90)))
    assert.deepEqual(await low(), [])
    await clean(page, 'a record at 360 px')
    await page.goto('/')
    await page.locator('.tile .kpi').first().waitFor()
    assert.deepEqual(await low(), [])
    await page.goto('/nowhere')
    await page.locator('h1').waitFor()
    await clean(page, 'an address that leads nowhere')
  })

  await test('on a phone what belongs to a record stands as cards, as in a list, and nothing is drawn sideways', { size: PHONE, touch: true, locale: 'vi' }, async (page, stamp) => {
    await signIn(page, 2)
    const c = ok(await call(page, 'POST', 'customer?duplicates=allow', { name: `Cards ${stamp}` }), 'customer').row
    const person = ok(await call(page, 'POST', 'contact?duplicates=allow', { name: `Ada ${stamp}`, position: 'Import', customer_id: c.id, mobile: '+84 903 123 456', email: `ada.${stamp}@example.test` }), 'contact').row
    await page.goto('/t/customer/' + c.id)
    const people = page.locator('[data-related=contact]')
    const card = people.locator('.card', { hasText: person.name })
    await card.waitFor()
    assert.equal(await page.locator('[data-related] table').count(), 0)
    const more = card.locator('[data-t=rowmore]')
    const low = () => page.locator('.related button, .related .cardbody').evaluateAll((all) => all.map((e) => [e.textContent.trim() || e.ariaLabel, e.getBoundingClientRect()]).filter(([, r]) => r.height < 43.5 || r.width < 43.5).map(([text, r]) => `${text} ${r.width}x${r.height}`))
    assert.deepEqual(await low(), [])
    await more.tap()
    const links = () => page.locator('.pop a.opt').evaluateAll((all) => all.map((a) => a.getAttribute('href')))
    await eventually('who can be reached', links, ['tel:+84903123456', `mailto:ada.${stamp}@example.test`])
    await clean(page, 'what can be done with a row')
    await page.locator('.pop .opt[data-id=edit]').tap()
    await page.locator('dialog [data-field=name] input').fill(`Grace ${stamp}`)
    await page.locator('[data-t=save]').tap()
    await people.locator('.card b', { hasText: `Grace ${stamp}` }).waitFor()
    await clean(page, 'a customer with a person')
    await people.locator('.card a').tap()
    await page.waitForURL('**/t/contact/' + person.id)

    await page.goto('/t/opportunity/1')
    const rival = page.locator('[data-related=deal_competitor] a').first()
    await rival.waitFor()
    await eventually('nothing is told twice', () => page.locator('[data-related=deal_contact] .card').evaluateAll((all) => all.filter((x) => [...x.querySelectorAll('.m > span')].some((s) => s.textContent.trim() === x.querySelector('b').textContent)).length), 0)
    const name = (await rival.locator('b').textContent()).trim()
    const found = ok(await call(page, 'GET', 'competitor?q=' + encodeURIComponent(name)), 'competitor').rows[0]
    await page.goto('/t/competitor/' + found.id)
    await page.locator('[data-related=deal_competitor] .card b').first().waitFor()
    assert.ok(!(await page.locator('[data-related=deal_competitor] .card b').allTextContents()).includes(name), 'each row is named like the record it stands under')

    await page.goto('/t/pipeline/1')
    const places = () => page.locator('[data-related=stage] .card .m').evaluateAll((all) => all.map((m) => parseInt(m.textContent.replace(/^\D+/, ''))))
    await until('stages stand in their order', async () => { const p = await places(); return p.length > 2 && p.every((x, i) => !i || x > p[i - 1]) })
  })

  await test('on a phone a tile of records on the home page is cards, and of two days each says which it is', { size: PHONE, touch: true, locale: 'zh-CN' }, async (page, stamp) => {
    await signIn(page, 2)
    ok(await call(page, 'POST', 'whereabouts', { start_at: '2030-01-02T03:00:00Z', end_at: '2030-01-03T03:00:00Z', place: stamp }), 'whereabouts')
    await page.goto('/')
    await page.locator('.tile .card').first().waitFor()
    assert.deepEqual(await page.locator('.tile .relbox').evaluateAll((all) => all.filter((x) => x.scrollWidth > x.clientWidth).length), 0)
    await page.goto('/t/whereabouts?q=' + stamp)
    const facts = page.locator('.card .m').first()
    await facts.waitFor()
    assert.match(await facts.textContent(), /开始 .*结束 /)
  })

  await test('on a phone a find of the palette is named in full before what it was found by, and an empty bin says what it is for', { size: PHONE, touch: true, locale: 'vi' }, async (page) => {
    await signIn(page, 2)
    await page.locator('[data-t=palette]:visible').first().tap()
    await page.locator('[data-t=palq]').fill('hai')
    const find = page.locator('.palls [data-id^=competitor-]')
    await find.first().waitFor()
    assert.deepEqual(await find.locator('.cut:not(.end)').evaluateAll((all) => all.filter((x) => x.scrollWidth > x.clientWidth).map((x) => x.textContent)), [])
    await page.goto('/t/memo?bin=1')
    await page.locator('.empty p').waitFor()
    await clean(page, 'an empty bin')
  })

  await test('it can be installed: a manifest with icons that are there', {}, async (page) => {
    await page.goto('/')
    const cdp = await page.context().newCDPSession(page)
    const { errors, data } = await cdp.send('Page.getAppManifest')
    assert.deepEqual(errors, [])
    const manifest = JSON.parse(data)
    assert.equal(manifest.display, 'standalone')
    for (const icon of manifest.icons) {
      const r = await page.request.get(icon.src)
      assert.ok(r.ok() && r.headers()['content-type'].startsWith('image/'), icon.src)
    }
  })

  await test('on a phone the names in a tree are 40 px high, and what begins something new has a name', { size: { width: 360, height: 740 }, touch: true, locale: 'vi' }, async (page) => {
    await signIn(page)
    for (const path of ['/t/department?view=tree', '/admin/departments']) {
      await page.goto(path)
      await page.locator('.tname').first().waitFor()
      assert.deepEqual(await page.locator('.tname').evaluateAll((all) => all.filter((a) => a.getBoundingClientRect().height < 39.5).map((a) => a.textContent)), [], path)
      await clean(page, path)
    }
    for (const path of ['/admin/approvals', '/admin/automation']) {
      await page.goto(path)
      await page.locator('[data-t=addflow]').waitFor()
      await clean(page, path)
    }
  })
}
