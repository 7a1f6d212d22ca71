// days.mjs - stories of somebody's days: a plan of steps, targets and memos, a lead that becomes a customer, appointments outside working hours.
import assert from 'node:assert/strict'
import { call, enterMoment, eventually, open, PHONE, signIn, until } from './lib.mjs'

export async function days({ test, clean, ok, choose, small, browser, host }) {
  const MANAGER = 1, SALES = 2 /* among the demo users: 陈伟, 李娜 */
  const made = async (page, table, values) => ok(await call(page, 'POST', table + '?duplicates=allow', values), table).row
  const read = async (page, table, id) => ok(await call(page, 'GET', `${table}/${id}`), table).row
  const rows = async (page, table, filter) => ok(await call(page, 'GET', `${table}?limit=200&filter=${encodeURIComponent(JSON.stringify(filter))}`), table).rows
  const field = (page, name) => page.locator(`dialog [data-field=${name}]`)
  const shut = (page) => page.locator('dialog').waitFor({ state: 'detached' })
  const save = async (page) => { await page.locator('dialog [data-t=save]').click(); await shut(page) }
  const start = async (page, table) => { await page.goto('/t/' + table); await page.locator('[data-t=new]').first().click(); await page.locator('dialog form').waitFor() }
  const shot = async (page, name) => process.env.E2E_SHOTS && page.screenshot({ path: `${process.env.E2E_SHOTS}/days-${name}.png` })
  /** Runs an action of the record's page, where its button or its menu has it. */
  const act = async (page, name) => {
    await page.locator('[data-action]').first().waitFor()
    const button = page.locator(`[data-action=${name}]`)
    if (await button.count()) return button.click()
    await page.locator('[data-t=recmore]').click()
    await page.locator(`.opt[data-id=${name}]`).click()
  }
  const inDays = (n) => new Date(Date.now() + n * 86400_000).toISOString().slice(0, 10)

  await test('days: a manager writes a plan of steps, a colleague starts it on a customer, and its tasks come back each week', {}, async (page, stamp) => {
    await signIn(page, MANAGER)
    await start(page, 'task_plan')
    await field(page, 'name').locator('input').fill(`Thirty days ${stamp}`)
    await save(page)
    const plan = await until('the plan', async () => (await rows(page, 'task_plan', ['name', '=', `Thirty days ${stamp}`]))[0])
    await page.goto('/t/task_plan/' + plan.id)
    for (const [subject, after] of [[`Welcome call ${stamp}`, '0'], [`First review ${stamp}`, '30']]) {
      await page.locator('[data-related=task_plan_step]').getByRole('button', { name: /^Add/ }).click()
      await field(page, 'subject').locator('input').fill(subject)
      await field(page, 'after_days').locator('input').fill(after)
      await save(page)
      await page.locator('[data-related=task_plan_step]').getByText(subject).waitFor()
    }
    await clean(page, 'a plan of steps')
    await shot(page, 'plan')
    const li = await open(browser, host.url, { size: PHONE, touch: true, locale: 'vi' })
    await signIn(li, SALES)
    const customer = await made(li, 'customer', { name: `Planned ${stamp}` })
    await li.goto('/t/customer/' + customer.id)
    await act(li, 'plan')
    await choose(field(li, 'plan_id').locator('.combo'), plan.name)
    await shot(li, 'plan-start')
    await li.locator('[data-t=run]').click()
    await shut(li)
    await li.locator('[data-related=task]').getByText(`Welcome call ${stamp}`).waitFor()
    const tasks = await rows(li, 'task', ['customer_id', '=', customer.id])
    const due = Object.fromEntries(tasks.map((t) => [t.subject.split(' ')[0], Date.parse(t.due_on)]))
    assert.equal((due.First - due.Welcome) / 86400_000, 30)
    await clean(li, 'a customer with steps')
    /* one that comes again */
    const weekly = await made(li, 'task', { subject: `Weekly rates ${stamp}`, due_on: inDays(0), recurs: 'weekly', customer_id: customer.id })
    await li.goto('/t/task/' + weekly.id)
    await shot(li, 'weekly')
    await act(li, 'finish')
    await li.locator('[data-t=run]').click()
    await shut(li)
    await eventually('the next one', async () => (await rows(li, 'task', { and: [['subject', '=', weekly.subject], ['status', '=', 'accepted']] })).map((t) => t.due_on),
      [new Date(Date.parse(weekly.due_on) + 7 * 86400_000).toISOString().slice(0, 10)])
    assert.deepEqual([...new Set(li.trouble)], [])
  })

  await test('days: on a phone one sets a target and sees it grow, and a memo rings at its time', { size: PHONE, touch: true }, async (page, stamp) => {
    await signIn(page, SALES)
    await start(page, 'activity_target')
    await choose(field(page, 'metric').locator('.combo'), 'New leads')
    await field(page, 'value').locator('input').fill('41')
    await clean(page, 'a target of one\'s own')
    await shot(page, 'target')
    await save(page)
    const target = await until('the target', async () => (await rows(page, 'activity_target', ['value', '=', 41]))[0])
    const done = async () => (await call(page, 'GET', 'activities/targets')).body.rows.find((r) => r.wanted === 41)?.done
    const before = await done()
    await made(page, 'lead', { name: `Counted ${stamp}` })
    await eventually('it counts', done, before + 1)
    await page.goto('/r/activities/targets')
    await page.locator('.reptable tr', { hasText: '41' }).getByText(String(before + 1), { exact: true }).waitFor()
    await clean(page, 'how far the targets are')
    await call(page, 'DELETE', 'activity_target/' + target.id)
    await start(page, 'memo')
    await field(page, 'subject').locator('input').fill(`Ring ${stamp}`)
    await enterMoment(field(page, 'remind_at'), '2026-01-05T08:30')
    await clean(page, 'a memo')
    await shot(page, 'memo')
    await save(page)
    await page.goto('/alerts')
    await page.locator('.alert', { hasText: `Ring ${stamp}` }).first().waitFor()
    assert.deepEqual(await small(page), [], 'targets under 40 px')
  })

  await test('days: a lead is converted with its person and deal, found among customers, and taken back', { locale: 'zh-CN' }, async (page, stamp) => {
    await signIn(page, SALES)
    const lead = await made(page, 'lead', { name: `Convert ${stamp}`, contact: 'Ada Quay' })
    await page.goto('/t/lead/' + lead.id)
    await act(page, 'convert')
    await page.locator('dialog form').waitFor()
    for (const what of ['客户', '联系人', '商机']) await field(page, 'into').getByText(what, { exact: true }).waitFor() // all, unless somebody wants less
    await clean(page, 'converting a lead')
    await shot(page, 'convert')
    await page.locator('[data-t=run]').click()
    await shut(page)
    const customer = await until('the customer', async () => (await rows(page, 'customer', ['name', '=', lead.name]))[0])
    await page.goto('/t/customer/' + customer.id)
    await page.locator('[data-related=contact]').getByText('Ada Quay').waitFor()
    await page.goto('/t/lead/' + lead.id)
    await page.locator('.recpage').getByText(customer.name).first().waitFor()
    await act(page, 'unconvert')
    await eventually('no customer any more', async () => (await rows(page, 'customer', ['name', '=', lead.name])).length, 0)
    await eventually('a lead again', async () => (await read(page, 'lead', lead.id)).status === 'converted', false)
  })

  await test('days: an appointment on a Sunday night says that nobody works then; a report begins with its template', { theme: 'dark', locale: 'vi' }, async (page, stamp) => {
    await signIn(page, MANAGER)
    const template = await made(page, 'report_template', { kind: 'monthly', plan: `1. Tonnage ${stamp}` })
    const li = await open(browser, host.url, { locale: 'vi', theme: 'dark' })
    await signIn(li, SALES)
    const night = await made(li, 'activity', { subject: `Night ${stamp}`, kind: 'meeting', start_at: '2032-05-02T14:00:00Z', end_at: '2032-05-02T15:00:00Z' })
    assert.equal(night.off_hours, true)
    await li.goto('/t/activity/' + night.id)
    await li.locator('.kv dt', { hasText: 'Ngoài giờ' }).waitFor()
    await clean(li, 'outside working hours')
    await shot(li, 'off-hours')
    const report = await made(li, 'work_report', { kind: 'monthly', from_on: '2031-06-01' })
    await li.goto('/t/work_report/' + report.id)
    await li.locator('.recpage').getByText(`1. Tonnage ${stamp}`).waitFor()
    await clean(li, 'a report from its template')
    await shot(li, 'template')
    await call(li, 'DELETE', 'work_report/' + report.id)
    await call(page, 'DELETE', 'report_template/' + template.id)
    assert.deepEqual([...new Set(li.trouble)], [])
  })
}
