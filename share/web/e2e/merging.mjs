// merging.mjs - flows of likely duplicates: found, merged field by field with all that hangs on them, and split again.
import assert from 'node:assert/strict'
import { call, DESK, eventually, PHONE, signIn, until } from './lib.mjs'

export async function merging({ test, clean, ok }) {
  const MANAGER = 1 /* among the demo users: 陈伟 */
  const made = async (page, table, values) => ok(await call(page, 'POST', table + '?duplicates=allow', values), table).row
  const read = (page, table, id) => call(page, 'GET', `${table}/${id}`)
  const attach = (page, table, id, name) => page.evaluate(async ([table, id, name]) => (await fetch(`/api/${table}/${id}/_files?name=${name}`, { method: 'POST', headers: { 'X-Berth': '1', 'Content-Type': 'application/octet-stream' }, body: 'rates' })).status, [table, id, name])

  for (const [size, locale, table] of [[DESK, 'zh-CN', 'customer'], [PHONE, 'vi', 'contact']])
    await test(`merging: two of one name are found, merged field by field, and split again days later: ${table} ${locale}`, { size, locale, touch: size === PHONE }, async (page, stamp) => {
      const shot = async (name) => process.env.E2E_SHOTS && page.screenshot({ path: `${process.env.E2E_SHOTS}/merging-${table}-${name}.png` })
      await signIn(page, MANAGER)
      const mobile = `139${String(Date.now()).slice(-8)}`
      const company = table === 'contact' ? await made(page, 'customer', { name: `Company ${stamp}` }) : undefined
      const same = company ? { name: `Twin ${stamp}`, mobile, customer_id: company.id } : { name: `Twin ${stamp}` }
      const [differs, one, other] = company ? ['position', '船务', '经理'] : ['city', '宁波', '厦门']
      const [a, b] = [await made(page, table, { ...same, [differs]: one }), await made(page, table, { ...same, [differs]: other })]
      const refer = table + '_id'
      const deal = await made(page, 'opportunity', { name: `Deal ${stamp}`, ...(company ? { customer_id: company.id } : {}), [refer]: b.id })
      const task = company ? undefined : await made(page, 'task', { subject: `Task ${stamp}`, customer_id: b.id })
      assert.equal(await attach(page, table, b.id, 'rates.txt'), 201)
      const before = [await read(page, table, a.id), await read(page, table, b.id)].map((r) => ok(r, 'before').row)

      await page.goto(`/t/${table}/duplicates`)
      await page.locator('[data-t=groups-find]').click()
      const group = page.locator('.dupes section', { hasText: `Twin ${stamp}` })
      await group.first().waitFor()
      await clean(page, 'groups')
      await shot('groups')
      await group.first().locator('[data-t=groups-merge]').click()
      await page.locator(`dialog [data-keep="${a.id}"]`).check()
      await page.locator(`dialog [data-field=${differs}] td`).nth(1).locator('input').check()
      await clean(page, 'merging')
      await shot('dialog')
      await page.locator('[data-t=merge-go]').click()
      await page.locator('dialog').waitFor({ state: 'detached' })
      await eventually('the chosen value', async () => (await read(page, table, a.id)).body.row?.[differs], b[differs])
      assert.equal((await read(page, table, b.id)).status, 404)
      assert.equal(ok(await read(page, 'opportunity', deal.id), 'deal').row[refer], a.id)

      await page.goto(`/t/${table}/${a.id}`)
      await page.locator('[data-related=opportunity]').getByText(deal.name).first().waitFor()
      await page.getByText('rates.txt').first().waitFor()
      await page.locator('[data-t=split]').waitFor()
      await clean(page, 'what was merged')
      await shot('merged')
      /* What was changed since stands in the way, by name. */
      const moved = ok(await read(page, table, a.id), 'merged').row
      ok(await call(page, 'PATCH', `${table}/${a.id}`, { [differs]: '上海' }, { 'If-Match': `"${moved.version}"` }), 'changed since')
      const split = async () => {
        await page.locator('[data-t=split]').click()
        await shot('ask')
        await page.locator('dialog [data-t=yes]').click()
        await page.locator('dialog').waitFor({ state: 'detached' })
      }
      await split()
      const label = ok(await call(page, 'GET', '_meta/' + table), 'meta').fields.find((f) => f.name === differs).label
      await page.locator('.toast', { hasText: label }).waitFor()
      await shot('refused')
      const now = ok(await read(page, table, a.id), 'still merged').row
      ok(await call(page, 'PATCH', `${table}/${a.id}`, { [differs]: b[differs] }, { 'If-Match': `"${now.version}"` }), 'as the merge left it')
      await split()
      await until('both are there', async () => (await read(page, table, b.id)).status === 200)
      const after = [await read(page, table, a.id), await read(page, table, b.id)].map((r) => ok(r, 'after').row)
      const values = (r) => Object.fromEntries(Object.entries(r).filter(([k]) => !['version', 'updated_at', 'updated_by'].includes(k)))
      assert.deepEqual(after.map(values), before.map(values))
      assert.equal(ok(await read(page, 'opportunity', deal.id), 'deal').row[refer], b.id)
      if (task) assert.equal(ok(await read(page, 'task', task.id), 'task').row.customer_id, b.id)
      await page.locator('[data-t=split]').waitFor({ state: 'detached' })
      await page.goto(`/t/${table}/${b.id}`)
      await page.getByText('rates.txt').first().waitFor()
      await shot('split')
      await clean(page, 'split again')
    })
}
