// names.mjs - flows of administrators who meet fields and channels by what people call them, never by their technical names.
import assert from 'node:assert/strict'
import { call, signIn, until } from './lib.mjs'

export async function names({ test, clean, ok, choose }) {
  await test('fields that a rule compares are chosen and shown by their labels', {}, async (page, stamp) => {
    await signIn(page)
    await page.goto('/t/dup_rule')
    await page.locator('[data-t=new]').click()
    await page.locator('dialog [data-field=name] input').fill('Twins ' + stamp)
    await choose(page.locator('dialog [data-field=on_table] .combo'), 'Leads')
    await choose(page.locator('dialog [data-field=fields] .combo'), 'Fax')
    await page.locator('dialog [data-field=fields] input').press('Escape')
    await choose(page.locator('dialog [data-field=fields] .combo'), 'Address')
    await page.locator('dialog [data-field=fields] input').press('Escape')
    await clean(page, 'choosing fields by their labels')
    await page.locator('[data-t=save]').click()
    await page.locator('dialog').waitFor({ state: 'detached' })
    const rule = await until('the rule', async () => ok(await call(page, 'GET', 'dup_rule?limit=200'), 'rules').rows.find((r) => r.name === 'Twins ' + stamp))
    assert.equal(rule.fields, 'fax, address')
    await page.goto('/t/dup_rule/' + rule.id)
    await page.getByText('Fax, Address').waitFor()
    ok(await call(page, 'DELETE', 'dup_rule/' + rule.id), 'gone')
  })

  await test('a right on a field shows the field by its label', {}, async (page, stamp) => {
    await signIn(page)
    const role = ok(await call(page, 'POST', 'role', { name: 'Fields ' + stamp }), 'role').row
    const right = ok(await call(page, 'POST', 'role_field', { role_id: role.id, on_table: 'customer', field: 'credit_limit', access: 'read' }), 'right').row
    await page.goto('/t/role_field/' + right.id)
    await page.getByText('Credit limit').first().waitFor()
    assert.equal(await page.getByText('credit_limit').count(), 0)
    ok(await call(page, 'DELETE', 'role/' + role.id), 'gone')
  })

  await test('channels say in the reader\'s language what they are, and a rule picks one that is on', { locale: 'zh-CN' }, async (page, stamp) => {
    await signIn(page)
    ok(await call(page, 'PUT', '_channel/wecom', { active: true }), 'on')
    await page.goto('/admin/channels')
    assert.match(await page.locator('[data-channel=wecom]').textContent(), /企业微信.*卡片消息/s)
    const rule = ok(await call(page, 'POST', 'automation', { name: 'Tell ' + stamp, on_table: 'lead', event: 'created', active: false }), 'rule').row
    await page.goto('/admin/automation/' + rule.id)
    await page.locator('[data-t=addstep]').click()
    await choose(page.locator('[data-field=does] .combo'), '渠道')
    await choose(page.locator('[data-field=channel] .combo'), '企业微信')
    await page.locator('[data-field=address] input').fill('{phone}')
    await page.locator('[data-field=text] input, [data-field=text] textarea').fill('Hello')
    await clean(page, 'a step that sends through a channel')
    await page.locator('[data-t=saveflow]').click()
    await page.locator('[data-step]', { hasText: '企业微信: {phone}' }).waitFor()
    ok(await call(page, 'DELETE', 'automation/' + rule.id), 'gone')
    ok(await call(page, 'PUT', '_channel/wecom', { active: false }), 'off')
  })
}
