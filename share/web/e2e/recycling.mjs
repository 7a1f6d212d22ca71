// recycling.mjs - flows of what falls back: when and why on the record and in the list, a draft rule tried out, a past time replayed, views capped a day.
import assert from 'node:assert/strict'
import { call, DESK, enterMoment, eventually, open, PHONE, signIn } from './lib.mjs'

export async function recycling({ test, clean, ok, browser, host }) {
  const ADMIN = 0, MANAGER = 1, COLLEAGUE = 3 /* among the demo users: 林志明, 陈伟, 張家豪 */
  const made = async (page, table, values) => ok(await call(page, 'POST', table + '?duplicates=allow', values), table).row

  for (const [size, locale, soon, left, days] of [[DESK, 'zh-CN', '30天后', '29天', '天未跟进'], [PHONE, 'vi', 'sau 30 ngày', '29 ngày', 'ngày không liên hệ']])
    await test(`recycling: a record and its list tell when it returns and why, a draft who would lose it, a replay who would have: ${locale}`, { size, locale, touch: size === PHONE }, async (page, stamp) => {
      const shot = async (name) => process.env.E2E_SHOTS && page.screenshot({ path: `${process.env.E2E_SHOTS}/recycling-${locale}-${name}.png` })
      const shown = (text) => text.includes(soon) || text.includes(left) /* it is a moment less than thirty days */
      await signIn(page, MANAGER)
      const lead = await made(page, 'lead', { name: `Returns ${stamp}` })
      await page.goto('/t/lead/' + lead.id)
      const due = page.locator('[data-fact=due_at], [data-field=due_at], .kv').filter({ hasText: days }).first()
      await due.waitFor()
      await page.locator('.due').first().waitFor()
      assert.ok(shown(await page.locator('.due').first().innerText()), await page.locator('.due').first().innerText())
      await page.locator('.due').first().scrollIntoViewIfNeeded()
      await clean(page, 'when a record returns')
      await shot('record')
      await page.goto(`/t/lead?view=mine&q=${encodeURIComponent(`Returns ${stamp}`)}`)
      await page.getByText(lead.name).first().waitFor()
      const inList = page.locator('.due').first()
      await inList.waitFor()
      assert.ok(shown(await inList.innerText()), await inList.innerText())
      const box = await inList.boundingBox()
      assert.ok(box && box.x + box.width <= size.width, 'when it returns is in sight')
      await shot('list')

      await page.goto('/recycle')
      await page.locator('.recycle select').nth(1).selectOption('release')
      await page.locator('[data-t=draft]').fill('-- Everything is gone at once.\nreturn function(lead, pool)\n  return {days = 0.000001, why = "nháp 草稿"}\nend\n')
      await page.locator('[data-t=run]').click()
      const owner = page.locator('tr', { hasText: '陈伟' }).locator('[data-owner]')
      await owner.click()
      await page.locator('.recycle .in').getByText(lead.name).waitFor()
      assert.match(await page.locator('.recycle .in li', { hasText: lead.name }).innerText(), /nháp 草稿/)
      await clean(page, 'a draft')
      await shot('draft')
      const still = ok(await call(page, 'GET', 'lead/' + lead.id), 'lead').row
      assert.deepEqual([still.owner_id, still.due_at, still.version], [lead.owner_id, lead.due_at, lead.version])

      await page.locator('[data-t=past]').check()
      await page.locator('.recycle table').waitFor({ state: 'detached' }) // it answered another question
      assert.equal(await page.locator('[data-t=run]').isDisabled(), true, 'a replay begins somewhere')
      const dates = page.locator('.recycle .line .fld').filter({ has: page.locator('.dfield') })
      const enter = async (box, day) => {
        if (size === PHONE) return enterMoment(box, day)
        for (const [name, value] of Object.entries({ year: day.slice(0, 4), month: day.slice(5, 7), day: day.slice(8) })) {
          await box.locator(`[data-reka-date-field-segment=${name}]`).click()
          await page.keyboard.type(value)
        }
      }
      await enter(dates.nth(0), '2026-01-05')
      await enter(dates.nth(1), '2026-01-04')
      await page.locator('[data-t=run]').click()
      await page.locator('.recycle .note.bad').waitFor()
      await shot('refused')
      await enter(dates.nth(1), '2099-12-31')
      await page.locator('[data-t=run]').click()
      await owner.waitFor()
      await page.locator('.recycle .note.bad').waitFor({ state: 'detached' })
      await clean(page, 'a replay')
      await shot('replay')
      const said = await page.locator('.recycle thead').innerText()
      assert.equal(said.includes('30'), false, 'a replay has one column: ' + said)
    })

  await test('recycling: what one opens of a pool is capped a day, and the page says so', {}, async (page, stamp) => {
    await signIn(page, ADMIN)
    const pool = await made(page, 'pool', { name: `Capped ${stamp}`, on_table: 'lead', view_cap: 1 })
    const who = ok(await call(page, 'GET', 'user?filter=' + encodeURIComponent(JSON.stringify(['login', '=', 'demo.zhang']))), 'user').rows[0]
    await made(page, 'pool_member', { pool_id: pool.id, user_id: who.id })
    const [one, two] = [await made(page, 'lead', { name: `First ${stamp}`, pool_id: pool.id }), await made(page, 'lead', { name: `Second ${stamp}`, pool_id: pool.id })]
    const colleague = await open(browser, host.url)
    await signIn(colleague, COLLEAGUE)
    await colleague.goto('/t/lead/' + one.id)
    await colleague.getByRole('heading', { name: one.name }).first().waitFor()
    await colleague.goto('/t/lead/' + two.id)
    await colleague.locator('.trouble, .empty').first().waitFor()
    assert.equal(await colleague.locator('[data-t=edit]').count(), 0, 'what could not be read is not edited')
    await eventually('not opened', () => colleague.getByRole('heading', { name: two.name }).count(), 0)
    await clean(colleague, 'the cap')
    if (process.env.E2E_SHOTS) await colleague.screenshot({ path: `${process.env.E2E_SHOTS}/recycling-cap.png` })
    await colleague.goto('/t/lead/' + one.id) // again is free
    await colleague.getByRole('heading', { name: one.name }).first().waitFor()
  })
}
