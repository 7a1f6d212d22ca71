// shots.mjs - pictures of every screen, to look at.  node e2e/shots.mjs OUT [name part] [--mock]
import { mkdirSync } from 'node:fs'
import { start } from './host.mjs'
import { DESK, launch, open, PHONE, settle, signIn } from './lib.mjs'

const [out = '/tmp/shots', only = ''] = process.argv.slice(2).filter((a) => !a.startsWith('--'))
mkdirSync(out, { recursive: true })
const host = await start()
const browser = await launch()

const csv = (n) => 'Company name,Contact person,Phone,E-mail,TEU per month,Remark\n' + Array.from({ length: 40 }, (_, i) =>
  i % 9 === 4 ? `,Nobody ${i},+86 1390000${i},x,1,` : i % 5 === 2 ? `Dup ${i},A,+86 138${10000000 + (i + 1) * 37},,3,` : `公司 Import ${n}-${i} 贸易有限公司,王芳 ${i},+86 137${n}${1000 + i},im${n}-${i}@example.org,${i},ok`).join('\n')
let round = 1000

async function screens(page, phone) {
  const table = '/t/lead?view=all'
  const go = async (path, wait) => { await page.goto(path); if (wait) await page.locator(wait).first().waitFor() }
  return {
    signin: async () => { await go('/', '[data-demo]') },
    list: async () => { await signIn(page); await go(table, phone ? '.card' : '.gb .gr') },
    selection: async () => { await page.locator(phone ? '.pickone' : '.gc.chk label').nth(1).click(); await page.locator(phone ? '.pickone' : '.gc.chk label').nth(3).click() },
    filter: async () => { await go(table + '&f=' + encodeURIComponent('[["status","in",["new","qualified"]],["next_action_on","within","@this_month"]]'), phone ? '.card' : '.gb .gr'); await page.locator('[data-t=filter]').click(); await page.locator('.fb').waitFor() },
    columns: phone ? null : async () => { await go(table, '.gb .gr'); await page.locator('[data-t=columns]').click(); await page.locator('.cc').waitFor() },
    record: async () => { if (phone) await go('/t/lead/7', '.kv'); else { await go(table, '.gb .gr'); await page.locator('.gb .gr').nth(2).locator('a.title').click(); await page.locator('.peek .kv').first().waitFor() } },
    page: phone ? null : async () => { await go('/t/lead/7', '.kv') },
    edit: phone ? null : async () => { await go(table, '.gb .gr'); await page.locator('.gb .gr').nth(2).locator('.gc').nth(2).dblclick(); await page.locator('.combo .pop, .pop[role=listbox]').first().waitFor() },
    form: async () => { await go(table, phone ? '.card' : '.gb .gr'); await page.locator('[data-t=new]').click(); await page.locator('dialog form').waitFor(); await page.locator('[data-t=save]').click(); await page.locator('.err').first().waitFor() },
    date: phone ? null : async () => { await page.locator('[data-field=next_action_on] .clear').last().click(); await page.locator('.cal td').first().waitFor() },
    action: async () => { await go('/t/lead/7', '.kv'); await page.locator('[data-action=log]').click(); await page.locator('dialog form').waitFor() },
    palette: async () => { await go(table, phone ? '.card' : '.gb .gr'); await page.locator('[data-t=palette]:visible').click(); await page.locator('[data-t=palq]').fill('blue'); await page.locator('[data-id^=lead-]').first().waitFor() },
    menu: async () => { await go(table, phone ? '.card' : '.gb .gr'); await page.locator('[data-t=me]:visible').click(); await page.locator('.pop .opt').first().waitFor() },
    settings: async () => { await go('/settings', '.tokenform') },
    users: async () => { await go('/t/user', phone ? '.card' : '.gb .gr') },
    role: async () => { await go('/t/role/2', '.related .card, .rel td') },
    home: async () => { await go('/', '.tile') },
    alerts: async () => { await go('/alerts', '.head h1') },
    approvals: async () => { await go('/approvals', '.head h1') },
    report: async () => { await go('/r/script/leads_by_source', '.reportpage .relbox td') },
    moment: async () => { await go('/t/lead/7', '.kv'); await page.locator('[data-t=recmore]').click(); await page.locator('.opt[data-id=asof]').click(); await page.locator('[data-t=asof] .dfield').waitFor() },
    help: async () => { await go('/help', 'article, .manual, main h1') },
    empty: async () => { await go('/t/custom_field', '.empty') },
    file: async () => { await go('/t/lead/import', '.dropzone') },
    map: async () => { await page.locator('[data-t=file]').setInputFiles({ name: 'leads.csv', mimeType: 'text/csv', buffer: Buffer.from(csv(++round)) }); await page.locator('.maprow').nth(2).waitFor() },
    check: async () => { await page.locator('[data-t=dry]').click(); await page.locator('.rep td').first().waitFor() },
    imported: async () => { await page.locator('[data-t=go]').click(); await page.locator('[data-t=tolist]').waitFor() ; await page.locator('.rep td').first().waitFor() },
  }
}

/* The ways of looking at many records; each stands alone.  OUT look shows these only. */
function looks(page, phone) {
  const go = async (path, wait) => { await page.goto(path); await page.locator(wait).first().waitFor() }
  const f = encodeURIComponent('{"or":[["status","in",["new","qualified"]],{"and":[["next_action_on","within","@this_month"],["owner_id","=","@me"]]}]}')
  return {
    'look-group': () => go('/t/lead?view=all&by=status', '[data-group]'),
    'look-filter': async () => { await go('/t/lead?view=all&f=' + f, phone ? '.card' : '[data-row]'); await page.locator('[data-t=filter]').click(); await page.locator('.fb .deep').waitFor() },
    'look-display': async () => { await go('/t/lead?view=all', phone ? '.card' : '[data-row]'); await page.locator('[data-t=columns]').click(); await page.locator('.disp .cc').waitFor() },
    'look-save': phone ? null : async () => { await go('/t/lead?view=all&by=rating', '[data-group]'); await page.locator('[data-t=saveview]').click(); await page.locator('[data-t=viewname]').waitFor() },
    'look-viewmenu': async () => { await go('/t/lead?view=all&by=rating', '[data-group]'); await page.locator('[data-t=viewmenu]').click(); await page.locator('.pop .opt').first().waitFor() },
    'look-sums': () => go('/t/series?sums=next,digits:avg', phone ? '.card, .empty' : '.gf, .empty'),
    'look-board': () => go('/t/lead?view=board', '.bcard'),
    'look-board-owner': () => go('/t/lead?view=all&look=board&by=owner_id', '.bcard'),
    'look-move': async () => { await go('/t/lead?view=board', '.bcard'); await page.locator('[data-t=moveto]').first().click(); await page.locator('.pop .opt').first().waitFor() },
    'look-month': () => go('/t/lead?view=all&look=calendar&mode=month', '.mweek'),
    'look-week': () => go('/t/lead?view=all&look=calendar&mode=week&from=created_at', '.dcol'),
    'look-agenda': () => go('/t/lead?view=all&look=calendar&mode=agenda&who=2,3', '.agenda'),
    'look-tree': () => go('/t/department?view=tree', '.tn'),
    'look-chart': () => go('/t/user?view=chart', '.tn'),
    'look-graph': async () => { await go('/t/lead?view=all&look=graph', '.gnode'); await page.locator('.gnode').nth(1).click(); await page.locator('.gnode').nth(4).waitFor(); await page.waitForTimeout(1500) },
  }
}

/* The administration.  OUT admin shows these only. */
function admin(page, phone) {
  const go = async (path, wait) => { await page.goto(path); await page.locator(wait).first().waitFor() }
  return {
    'admin-home': () => go('/admin', '.admcard'),
    'admin-dict': () => go('/admin/dictionaries/leads-source', '[data-item]'),
    'admin-fields': async () => { await go('/admin/fields', '[data-add]'); await page.locator('[data-add=lead]').click(); await page.locator('.designer').waitFor() },
    'admin-layouts': () => go('/admin/layouts/lead', '.lfield, .empty'),
    'admin-settings': () => go('/admin/settings', '[data-setting]'),
    'admin-script': () => go('/admin/scripts/rules~leads-release_days', '.cm-content'),
    'admin-scripts': () => go('/admin/scripts', '[data-script]'),
    'admin-plugins': () => go('/admin/plugins', '[data-plugin]'),
    'admin-jobs': () => go('/admin/jobs', '.admlist'),
    'admin-audit': () => go('/admin/audit', '[data-audit]'),
    'admin-config': async () => { await go('/admin/config', '[data-log]'); await page.locator('[data-t=configfile]').setInputFiles({ name: 'trial.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify({ berth_config: 1, sections: { tag: [{ name: 'VIP', color: 'red' }, { name: 'VIP', color: 'ultra' }], series: [{ name: 'lead.no', prefix: 'L{year}-' }], role: [{ name: 'sales', note: 'Hải Phòng' }] } })) }); await page.locator('[data-deed=conflict] li').first().waitFor() },
    'admin-backup': () => go('/admin/backup', '[data-t=lastbackup]'),
    'admin-system': () => go('/admin/system', '[data-t=version]'),
    'admin-users': () => go('/admin/users', '.admrow'),
    'admin-user': async () => { await go('/admin/users/3', '[data-t=invite]'); await page.locator('[data-t=invite]').click(); await page.locator('[data-t=invitelink]').waitFor() },
    'admin-departments': () => go('/admin/departments/2', '.tn, .deptside .combo'),
    'admin-sessions': () => go('/admin/sessions', '[data-session]'),
    'admin-series': () => go('/admin/series', '[data-series]'),
    'admin-pools': () => go('/admin/pools', '[data-pool]'),
    'admin-pool': () => go('/admin/pools/1', '#pool-rules'),
    'admin-try': async () => { await go('/admin/scripts/rules~customers-activity', '[data-t=tryscript]'); await page.locator('[data-t=tryscript]').click(); await page.locator('[data-t=tried]').waitFor() },
    'admin-channels': () => go('/admin/channels', '[data-channel]'),
    'admin-automation': () => go('/admin/automation', '.head, .crumbs'),
    'admin-whatif': () => go('/recycle', 'textarea'),
    'admin-approvals': () => go('/admin/approvals/1', '.flowstep'),
    'admin-approval': async () => { await go('/admin/approvals/1', '.flowstep'); await page.locator('[data-t=editstep]').first().click(); await page.locator('form .combo').first().waitFor() },
    'admin-roles': () => go('/admin/roles', '.admrow'),
    'admin-role': async () => { await go('/admin/roles/2', '.matrix'); if (!phone) await page.locator('[data-table=lead] [data-t=fields]').click() },
  }
}

for (const [size, phone] of [[DESK, false], [PHONE, true]])
  for (const [theme, locale] of (process.env.SHOTS ?? 'light/zh-CN dark/vi light/en').split(' ').map((s) => s.split('/'))) {
    const page = await open(browser, host.url, { size, theme, locale, touch: phone })
    const all = { ...(await screens(page, phone)), ...looks(page, phone), ...admin(page, phone) }
    if (/^(look|admin)/.test(only)) {
      await signIn(page)
      for (const name of Object.keys(all)) if (!name.startsWith(only)) delete all[name]
    }
    for (const [name, f] of Object.entries(all)) {
      if (!f) continue
      try { await f() } catch (e) { console.log('FAILED', phone ? 'phone' : 'desk', theme, locale, name, String(e).split('\n')[0]) }
      await settle(page)
      if (name.includes(only)) await page.screenshot({ path: `${out}/${phone ? 'phone' : 'desk'}-${locale}-${theme}-${name}.png` })
    }
    if (page.trouble.length) console.log(phone ? 'phone' : 'desk', theme, locale, [...new Set(page.trouble)])
    await page.context().close()
  }
await browser.close()
await host.stop()
