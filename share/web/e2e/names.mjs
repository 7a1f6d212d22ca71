// names.mjs - flows of administrators who meet fields and channels by what people call them, never by their technical names.
import assert from 'node:assert/strict'
import { call, eventually, PHONE, signIn, until } from './lib.mjs'

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

  await test('a stage names the fields it needs by their labels', { locale: 'zh-CN' }, async (page, stamp) => {
    await signIn(page)
    const pipeline = ok(await call(page, 'POST', 'pipeline', { name: 'Steps ' + stamp, active: false }), 'pipeline').row
    const stage = ok(await call(page, 'POST', 'stage', { pipeline_id: pipeline.id, name: 'Quoted ' + stamp, needs: 'amount, pol' }), 'stage').row
    await page.goto('/t/stage/' + stage.id)
    await page.getByText('预计收入、起运港').waitFor()
    await page.locator('[data-edit=needs]').click()
    await choose(page.locator('.in .combo'), '目的港')
    await page.keyboard.press('Escape')
    await page.locator('h1').click()
    await eventually('what it needs', async () => ok(await call(page, 'GET', 'stage/' + stage.id), 'stage').row.needs, 'amount, pol, pod')
    assert.equal(await page.getByText('close_on').count(), 0)
    await clean(page, 'a stage')
    ok(await call(page, 'DELETE', 'stage/' + stage.id), 'gone')
    ok(await call(page, 'DELETE', 'pipeline/' + pipeline.id), 'gone')
  })

  await test('the net of relations shows people and records, not what the host logs', { locale: 'zh-CN' }, async (page) => {
    await signIn(page)
    ok(await call(page, 'GET', 'audit?filter=' + encodeURIComponent('["what","=","sign_in"]')), 'audit')
    await page.goto('/t/user?look=graph&root=1')
    await page.locator('.gnode').nth(3).waitFor()
    await page.locator('.glink').first().waitFor()
    assert.deepEqual(await page.locator('.glink').evaluateAll((all) => all.filter((l) => !l.querySelector('li, .btn')).map((l) => l.dataset.link)), [])
    assert.equal(await page.locator('.glink[data-link^="in:audit."], .glink[data-link^="in:job."]').count(), 0)
    assert.equal(await page.locator('.gnode', { hasText: /^\s*(sign_in|import|export|reorder)\s*$/ }).count(), 0)
    await clean(page, 'a net')
  })

  const ORDERS = {
    'zh-TW': ['一帆航運', '丁氏貿易', '三江船務', '王記物流', '陳氏報關', '臺北貨運'],
    vi: ['An Bình', 'Ăn Ngon', 'Ân Phú', 'Ba Sao', 'Bà Sao', 'Bình An', 'Dung Hà', 'Đạt Phát', 'Em'],
    'zh-CN': ['2号仓', '10号仓', '安徽外贸', '北京货代', '重庆货代', '深圳物流', '中山贸易'],
  }
  await test('names stand in the order of pinyin, strokes or the Vietnamese alphabet, as the setting says, on desk and phone', {}, async (page, stamp) => {
    await signIn(page)
    const chosen = async (value) => {
      const there = ok(await call(page, 'GET', 'setting?filter=' + encodeURIComponent('["name","=","base.sorting"]')), 'settings').rows[0]
      if (there) ok(await call(page, 'PATCH', 'setting/' + there.id, { value }, { 'If-Match': `"${there.version}"` }), 'setting')
      else ok(await call(page, 'POST', 'setting', { name: 'base.sorting', value }), 'setting')
      await until('the new order is made', async () => {
        const job = ok(await call(page, 'GET', 'job?limit=1&filter=' + encodeURIComponent('["kind","=","reorder"]')), 'jobs').rows[0]
        return job && job.state === 'done'
      })
    }
    for (const [locale, order] of Object.entries(ORDERS)) {
      const city = `Order ${stamp} ${locale}`
      for (const name of [...order.filter((_, i) => i % 2), ...order.filter((_, i) => i % 2 === 0)]) ok(await call(page, 'POST', 'lead?duplicates=allow', { name, city }), 'lead')
      await chosen(locale)
      const list = await page.context().newPage()
      await list.goto('/t/lead?view=all&f=' + encodeURIComponent(JSON.stringify(['city', '=', city])))
      const shown = () => list.locator('.gr .title').allInnerTexts()
      await eventually('the newest first', async () => (await shown()).length, order.length)
      await list.locator('[data-sort=name]').click()
      await eventually('upwards: ' + locale, shown, order)
      await list.locator('[data-sort=name]').click()
      await eventually('downwards: ' + locale, shown, [...order].reverse())
      await list.setViewportSize(PHONE)
      await eventually('as cards: ' + locale, () => list.locator('.card b').allInnerTexts(), [...order].reverse())
      await list.close()
    }
  })

  await test('roles and what was done are told in words, in list, page, palette and trail, and found by them; the palette knows the administration', { locale: 'zh-CN' }, async (page) => {
    await signIn(page)
    const sales = ok(await call(page, 'GET', `role?filter=${encodeURIComponent('["name","=","sales"]')}`), 'role').rows[0]
    await page.goto('/t/role')
    const shown = () => page.locator('.gr .title').allInnerTexts()
    await until('both roles', async () => (await shown()).includes('主管') && (await shown()).includes('销售'))
    await page.locator('[data-t=q]').fill('销售')
    await until('the one that was asked for', async () => (await shown()).includes('销售') && !(await shown()).includes('主管'))
    await page.goto('/t/role/' + sales.id)
    await eventually('the page', () => page.locator('.rechead h1').textContent(), '销售')
    await page.goto('/')
    await page.locator('.tile').first().waitFor()
    await page.keyboard.press('Control+k')
    await page.locator('[data-t=palq]').fill('销售')
    const found = page.locator(`[data-id=role-${sales.id}]`)
    await eventually('the palette', () => found.locator('.cut').first().innerText(), '销售')
    await page.locator('[data-t=palq]').fill('编号规则')
    await eventually('a screen of the administration', () => page.locator('[data-id=go-series]').getAttribute('href'), '/admin/series')
    await clean(page, 'screens of the administration in the palette')
    await page.keyboard.press('Escape')
    await page.goto('/t/audit')
    await until('the trail', async () => (await shown()).includes('登录'))
    assert.equal((await shown()).filter((x) => /^[a-z_]+$/.test(x)).join(), '')
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
