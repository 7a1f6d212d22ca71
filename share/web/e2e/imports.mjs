// imports.mjs - flows of the import wizard: workbooks of several sheets, text files of every kind, every bucket, what did not go in, taking back.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, DESK, eventually, open, PHONE, signIn, until } from './lib.mjs'
import { start } from './host.mjs'

/** A workbook as people send them: notes, a list below a title, one in another language, one without headers. */
const BOOK = `
import sys, json, openpyxl
book = openpyxl.Workbook()
book.remove(book.active)
for name, rows in json.loads(sys.argv[2]).items():
    page = book.create_sheet(name)
    for row in rows:
        page.append(row)
book.save(sys.argv[1])
`
function workbook(kind, sheets) {
  const dir = mkdtempSync(join(tmpdir(), 'berth-book-'))
  try {
    execFileSync('/usr/bin/python3', ['-c', BOOK, join(dir, 'fair.xlsx'), JSON.stringify(sheets)])
    if (kind === 'xls') execFileSync('soffice', [`-env:UserInstallation=file://${dir}/office`, '--headless', '--convert-to', 'xls:MS Excel 97', '--outdir', dir, join(dir, 'fair.xlsx')], { stdio: 'ignore' })
    return readFileSync(join(dir, 'fair.' + kind))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
const random = () => Math.random().toString(36).slice(2, 8)
const digits = (n) => Array.from({ length: n }, () => Math.floor(Math.random() * 10)).join('')

export async function imports({ test, clean, ok, choose, browser, host }) {
  const ADMIN = 0, SALES = 2, COLLEAGUE = 3
  const ROWS = 60_000 /* so that there is time to be killed in */
  const give = async (page, name, buffer, table = 'lead') => {
    await page.goto(`/t/${table}/import`)
    await page.locator('[data-t=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(buffer) })
    await page.locator('[data-column="0"]').waitFor()
  }
  const lettersOf = (mark) => [...mark].map((x) => String.fromCharCode(97 + parseInt(x, 36) % 26)).join('') /* what is full of digits is no header */
  const into = (page) => page.locator('[data-column]').evaluateAll((all) => all.map((e) => e.dataset.into ?? null))
  const verdict = (page) => page.locator('[data-t=verdict]').waitFor()
  const bucket = (page) => async () => Object.fromEntries(await page.locator('[data-bucket]').evaluateAll((all) => all.map((e) => [e.dataset.bucket, Number(e.querySelector('.big').textContent.replace(/\D/g, ''))])))
  const go = async (page) => {
    await page.locator('[data-t=dry]').click()
    await verdict(page)
    await page.locator('[data-t=go]').click()
    await page.locator('[data-t=tolist]').waitFor()
  }
  const named = async (page, begin) => ok(await call(page, 'GET', 'lead?limit=100&fields=name,mobile,country,email,city&filter=' + encodeURIComponent(JSON.stringify(['name', '^', begin]))), 'list').rows
  const takeBack = async (page, there) => {
    await there.locator('[data-t=undo]').click()
    await page.locator('dialog [data-t=yes]').click()
  }

  for (const [size, locale, kind] of [[DESK, 'zh-CN', 'xlsx'], [PHONE, 'vi', 'xls']])
    await test(`imports: a sheet of a workbook is chosen, each is read as it was last time, one without headers whole: ${kind}`, { size, locale, touch: size === PHONE }, async (page, stamp) => {
      const mark = `${stamp}${random()}`
      const letters = lettersOf(mark)
      const mobile = '138' + digits(8)
      const book = workbook(kind, {
        说明: [['请看第二页']],
        深圳: [['2026 深圳展会 名单'], [], ['公司名称' + letters, '联系人', '手机', '国家'], [`${mark} 深圳 1`, '王芳', Number(mobile), '大陆'], [`${mark} 深圳 2`, '李强', null, '中国']],
        'Hà Nội': [['Tên công ty', 'Quốc gia', 'Ghi chú ' + letters], [`${mark} Hà Nội`, 'Việt Nam', 'x']],
        '2026年': [[`${mark} nameless 1`, `a${mark}@x.example`], [`${mark} nameless 2`, `b${mark}@x.example`]],
      })
      const sheet = (n) => page.locator('[data-t=sheet]').selectOption(String(n))
      const header = page.locator('[data-t=header]')
      const columns = (n) => eventually('columns', () => page.locator('[data-column]').count(), n)
      await signIn(page)
      await give(page, 'fair.' + kind, book)
      await eventually('every sheet is offered', () => page.locator('[data-t=sheet] option').allInnerTexts(), ['说明', '深圳', 'Hà Nội', '2026年'])

      await sheet(1)
      await columns(4)
      assert.equal(await header.inputValue(), '3', 'the headers stand below a title; those of the sheet before stood above')
      assert.deepEqual(await into(page), [null, 'contact', 'mobile', 'country'])
      await choose(page.locator('[data-column="0"] .combo'), { 'zh-CN': '公司名称', vi: 'Tên công ty' }[locale])
      await clean(page, 'a sheet')
      await page.locator('[data-t=dry]').click()
      const word = page.locator('[data-word="大陆"]')
      await word.waitFor()
      await word.getByRole('combobox').fill({ 'zh-CN': '中国', vi: 'Trung Quốc' }[locale])
      await page.getByRole('option').first().click()
      await page.locator('[data-t=recheck]').click()
      await eventually('its rows', bucket(page), { new: 2, duplicate: 0, invalid: 0 })
      await page.locator('[data-t=go]').click()
      await page.locator('[data-t=tolist]').waitFor()
      const made = await named(page, `${mark} 深圳`)
      assert.deepEqual(made.map((r) => [r.name.slice(-1), r.mobile, r.country]).sort(), [['1', mobile, 'CN'], ['2', null, 'CN']])

      await give(page, 'fair.' + kind, book)
      await sheet(2)
      await columns(3)
      await eventually('the headers of this one', () => header.inputValue(), '1')
      assert.deepEqual(await into(page), ['name', 'country', null])
      await go(page)
      assert.deepEqual((await named(page, `${mark} Hà`)).map((r) => r.country), ['VN'])

      await give(page, 'fair.' + kind, book)
      await sheet(1)
      await page.locator('[data-t=remembered]').waitFor()
      assert.deepEqual(await into(page), ['name', 'contact', 'mobile', 'country'], 'as this sheet was read')
      await sheet(3)
      await columns(2)
      if (await header.inputValue() !== '0') await header.selectOption('0')
      await until('no row is a header', async () => (await page.locator('[data-column="0"]').innerText()).includes(`${mark} nameless 1`) && await header.inputValue() === '0')
      await choose(page.locator('[data-column="0"] .combo'), { 'zh-CN': '公司名称', vi: 'Tên công ty' }[locale])
      await choose(page.locator('[data-column="1"] .combo'), { 'zh-CN': '邮箱', vi: 'Email' }[locale])
      await clean(page, 'without headers')
      await go(page)
      assert.deepEqual((await named(page, `${mark} nameless`)).map((r) => r.email).sort(), [`a${mark}@x.example`, `b${mark}@x.example`])
    })

  await test('imports: nothing is chosen of columns that are being read again, and an answer that comes late changes nothing', {}, async (page, stamp) => {
    await signIn(page)
    await give(page, 'late.csv', `name,${lettersOf(stamp)}\nLate ${stamp},Ningbo`)
    const header = page.locator('[data-t=header]')
    let answer
    const held = new Promise((done) => { answer = done })
    await page.route('**/look?*', async (route) => {
      const response = await route.fetch()
      await held
      await route.fulfill({ response })
    }, { times: 1 })
    await header.selectOption('0')
    await page.locator('.mapping[inert]').waitFor()
    await header.selectOption('1')
    await page.locator('.mapping:not([inert])').waitFor()
    assert.deepEqual(await into(page), ['name', null])
    await choose(page.locator('[data-column="1"] .combo'), 'City')
    const late = page.waitForEvent('requestfinished', (r) => r.url().includes('/look?'))
    answer()
    await late
    await go(page)
    assert.deepEqual((await named(page, `Late ${stamp}`)).map((r) => r.city), ['Ningbo'])
  })

  await test('imports: a file in GBK and one in Big5 are read as what they are, and differently when told so', { locale: 'zh-TW' }, async (page, stamp) => {
    /* 公司名称,城市 / 广州环球,广州 and 公司名稱,城市 / 寧波環球,寧波: node writes neither encoding */
    const gbk = Buffer.concat([Buffer.from('b9abcbbec3fbb3c62cb3c7cad00d0a', 'hex'), Buffer.from(`${stamp} `), Buffer.from('b9e3d6ddbbb7c7f22cb9e3d6dd0d0a', 'hex')])
    const big5 = Buffer.concat([Buffer.from('a4bda571a657bad92cabb0a5ab0d0a', 'hex'), Buffer.from(`${stamp} `), Buffer.from('b9e7aa69c0f4b2792cb9e7aa690d0a', 'hex')])
    await signIn(page)
    for (const [bytes, found, name, city] of [[gbk, 'GB18030', '广州环球', '广州'], [big5, 'Big5', '寧波環球', '寧波']]) {
      await give(page, `${found}.csv`, bytes)
      const encoding = page.locator('[data-t=encoding]')
      assert.equal(await encoding.inputValue(), found)
      assert.deepEqual(await into(page), ['name', 'city'])
      await encoding.selectOption('windows-1252')
      await until('letters that mean nothing', async () => !(await page.locator('[data-column="1"]').innerText()).includes(city))
      await encoding.selectOption(found)
      await until('as it is', async () => (await page.locator('[data-column="1"]').innerText()).includes(city))
      await go(page)
      assert.deepEqual((await named(page, `${stamp} ${name}`)).map((r) => r.city), [city])
    }
  })

  for (const [size, locale] of [[DESK, 'zh-TW'], [PHONE, 'zh-CN']])
    await test(`imports: every row tells in which bucket it is and why; what did not go in is corrected and goes in; all is taken back: ${locale}`, { size, locale, touch: size === PHONE }, async (page, stamp) => {
      const mark = `${stamp}${random()}`
      const shot = async (name) => process.env.E2E_SHOTS && page.screenshot({ path: `${process.env.E2E_SHOTS}/buckets-${locale}-${name}.png` })
      const mobile = Object.fromEntries(['update', 'same', 'conflict', 'held', 'pool'].map((k) => [k, '138' + digits(8)]))
      const colleague = await open(browser, host.url, {})
      await signIn(colleague, COLLEAGUE)
      const hers = ok(await call(colleague, 'POST', 'lead', { name: `${mark} held`, mobile: mobile.held, country: 'CN' }), 'hers').row
      await signIn(page, SALES)
      const admin = await open(browser, host.url, {})
      await signIn(admin, ADMIN)
      const pool = ok(await call(admin, 'POST', 'pool', { name: `Pool ${mark}`, on_table: 'lead' }), 'pool').row
      const me = ok(await call(page, 'GET', '_start'), 'start').user.id
      ok(await call(admin, 'POST', 'pool_member', { pool_id: pool.id, user_id: me }), 'member')
      const lead = async (values) => ok(await call(page, 'POST', 'lead', { country: 'CN', ...values }), 'lead').row
      await lead({ name: `${mark} update`, mobile: mobile.update, city: 'Ningbo' })
      await lead({ name: `${mark} same`, mobile: mobile.same, city: 'Ningbo' })
      await lead({ name: `${mark} conflict`, mobile: mobile.conflict })
      await lead({ name: `${mark} other`, email: `c${mark}@x.example` })
      ok(await call(page, 'POST', `lead/${(await lead({ name: `${mark} pool`, mobile: mobile.pool })).id}/release`, { pool_id: pool.id }), 'release')
      ok(await call(page, 'POST', 'customer', { name: `${mark} elsewhere Maritime Ltd`, country: 'CN' }), 'customer')
      const rows = {
        new: [`${mark} new`, '', '', 'Ningbo'],
        duplicate: [`${mark} new`, '', '', 'Ningbo'],
        updated: [`${mark} update`, mobile.update, '', 'Shanghai'],
        same: [`${mark} same`, mobile.same, '', 'Ningbo'],
        conflict: [`${mark} both`, mobile.conflict, `c${mark}@x.example`, ''],
        elsewhere: [`${mark} ELSEWHERE MARITIME`, '', '', ''],
        held: [`${mark} anything`, mobile.held, '', ''],
        invalid: [`${mark} invalid`, '', 'no address', ''],
      }
      const csv = (list) => '\ufeff' + ['name,mobile,email,city', ...list.map((r) => r.join(','))].join('\r\n')
      await give(page, 'buckets.csv', csv(Object.values(rows)))
      await page.locator('[data-t=mode-both]').click()
      await page.locator('[data-t=dry]').click()
      await verdict(page)
      const each = Object.fromEntries(Object.keys(rows).map((k) => [k, 1]))
      await eventually('one row in each bucket', bucket(page), each)
      for (const [i, name] of Object.keys(rows).entries()) {
        await page.locator(`[data-bucket=${name}]`).click()
        await until('the row of ' + name, async () => await page.locator('.rep tbody tr').count() === 1 && (await page.locator('.rep tbody td').first().innerText()) === String(i + 2))
        const why = page.locator('.rep tbody td').last()
        if (name !== 'new') assert.notEqual((await why.innerText()).trim(), '', name)
        if (name === 'held') { /* whom she may not see she is not told of */
          assert.equal(await why.getByRole('link').count(), 0)
          assert.ok(!(await page.locator('.rep tbody').innerText()).includes(hers.name))
        }
      }
      await clean(page, 'every bucket')
      await shot('all')
      await page.locator('[data-t=go]').click()
      await page.locator('[data-t=tolist]').waitFor()
      await eventually('what became of them', bucket(page), each)
      await page.locator('[data-bucket=new]').click()
      await page.locator('.rep .who2', { hasText: `${mark} new` }).waitFor() // by name, not only by number
      const city = async (name) => (await named(page, `${mark} ${name}`))[0]?.city
      assert.deepEqual([await city('new'), await city('update')], ['Ningbo', 'Shanghai'])

      const [file] = await Promise.all([page.waitForEvent('download'), page.locator('a[href*="rejected.csv"]').click()])
      const left = readFileSync(await file.path(), 'utf8')
      assert.equal(left.trim().split('\n').length, 6, left)
      await page.locator('[data-t=tolist]').waitFor()
      await give(page, 'corrected.csv', left.replace('no address', `good${mark}@x.example`))
      await page.locator('[data-t=remembered]').waitFor()
      assert.deepEqual(await into(page), ['name', 'mobile', 'email', 'city', null], 'the reasons go nowhere')
      await go(page)
      await eventually('the corrected one went in', async () => (await bucket(page)()).new, 1)
      assert.equal((await named(page, `${mark} invalid`))[0].email, `good${mark}@x.example`)

      await takeBack(page, page.locator('.wizfoot'))
      await page.locator('.wizfoot [data-t=isundone]').waitFor()
      await eventually('gone again', () => named(page, `${mark} invalid`), [])
      await page.goto('/t/lead/import')
      const past = page.locator('[data-t=past] > ul > li', { hasText: 'buckets.csv' }).first()
      await takeBack(page, past)
      await past.locator('[data-t=isundone]').waitFor()
      await eventually('the first one, too', async () => [await city('new'), await city('update')], [undefined, 'Ningbo'])

      await give(page, 'pool.csv', csv([[`${mark} pool`, mobile.pool, '', 'Shanghai']]))
      await page.locator('[data-t=mode-create]').click()
      await page.locator('[data-t=dry]').click()
      await verdict(page)
      await eventually('in the pool', async () => (await bucket(page)()).pool, 1)
      await page.locator('[data-bucket=pool]').click()
      await until('in which', async () => (await page.locator('.rep tbody').innerText()).includes(pool.name))
      await shot('pool')
      await give(page, 'twice.csv', csv([[`${mark} same`, '', '', 'Ningbo'], [`${mark} renamed`, mobile.same, '', 'Kobe']]))
      await page.locator('[data-t=mode-both]').click()
      await page.locator('[data-t=dry]').click()
      await verdict(page)
      await page.locator('[data-bucket=duplicate]').click()
      const told = page.locator('.rep tbody td').last()
      await eventually('of which record it is', () => told.locator('a').allInnerTexts(), [`${mark} same`])
      const [why] = await told.locator('> span').allInnerTexts()
      assert.ok(/2/.test(why.replaceAll(mark, '')) && !why.includes(mark), why) /* the row further up; the record's name stood right before it */
      await shot('twice')
      await give(page, 'missing.csv', csv([[`${mark} nobody`, '', '', 'Ningbo']]))
      await page.locator('[data-t=mode-update]').click()
      await page.locator('[data-t=dry]').click()
      await verdict(page)
      await eventually('nothing to update', async () => (await bucket(page)()).missing, 1)
      await page.locator('[data-bucket=missing]').click()
      await eventually('none goes', () => page.locator('[data-t=go]').isDisabled(), true)
    })

  await test('imports: a list that was exported and corrected is known by its numbers, and updates what it came from', { locale: 'vi' }, async (page, stamp) => {
    await signIn(page)
    const made = ok(await call(page, 'POST', 'memo', { subject: `Back ${stamp}` }), 'memo').row
    await give(page, 'memos.csv', `Mã số,Tiêu đề,${lettersOf(stamp)}\n${made.id},Again ${stamp},`, 'memo') // headers that no import had before: known ones go where they went
    if (await page.locator('[data-column="1"]').getAttribute('data-into') !== 'subject') await choose(page.locator('[data-column="1"] .combo'), ok(await call(page, 'GET', '_meta/memo'), 'meta').fields.find((f) => f.name === 'subject').label)
    await page.locator('[data-t=numbers]').waitFor()
    await clean(page, 'numbers of records')
    await page.locator('[data-t=mode-both]').click()
    await page.locator('[data-t=numbers]').waitFor({ state: 'detached' })
    await eventually('found by its number', () => into(page), ['id', 'subject', null])
    await page.locator('[data-t=mode-create]').click()
    await eventually('not when creating', () => into(page), [null, 'subject', null])
    await page.locator('[data-t=mode-update]').click()
    await go(page)
    await eventually('changed', async () => ok(await call(page, 'GET', 'memo/' + made.id), 'memo').row.subject, `Again ${stamp}`)
  })

  await test('imports: the row that adds up a sheet stays out until it is asked for', { size: PHONE, locale: 'vi', touch: true }, async (page, stamp) => {
    const mark = `${stamp}${random()}`
    await signIn(page, SALES)
    await give(page, 'sum.csv', `name,city\n${mark} a,Hue\n${mark} b,Hue\nTổng cộng,2`)
    await page.locator('[data-t=dry]').click()
    await verdict(page)
    await eventually('stays out', async () => { const b = await bucket(page)(); return [b.new, b.invalid] }, [2, 1])
    await clean(page, 'a sum stays out')
    await page.locator('[data-t=totals] input').check()
    await eventually('goes in', async () => { const b = await bucket(page)(); return [b.new, b.invalid] }, [3, 0])
    await page.locator('[data-t=totals] input').uncheck()
    await eventually('stays out again', async () => { const b = await bucket(page)(); return [b.new, b.invalid] }, [2, 1])
  })

  await test("imports: an administrator finds a colleague's by its file in the list of jobs, and takes it back there", {}, async (page, stamp) => {
    const mark = `${stamp}${random()}`
    await signIn(page, SALES)
    await give(page, `${mark}.csv`, `name,city\n${mark} one,Ningbo\n${mark} two,Ningbo`)
    await go(page)
    await page.context().clearCookies()
    await signIn(page, ADMIN)
    await page.goto('/admin/jobs')
    const jobs = page.locator('[data-job]', { hasText: `${mark}.csv` })
    await eventually('the check and the run, and only the run can be taken back', async () => [await jobs.count(), await jobs.locator('[data-t=undoimport]').count()], [2, 1])
    await clean(page, 'imports among the jobs')
    await jobs.locator('[data-t=undoimport]').click()
    await page.locator('dialog [data-t=yes]').click()
    await eventually('taken back, and told with its file', async () => [await jobs.count(), await jobs.locator('[data-t=undoimport]').count()], [3, 0])
    assert.equal((await named(page, mark)).length, 0)
  })

  await test('imports: the worker is killed while an import is run and while it is taken back, the browser waits, and both end right', {}, async (_, stamp) => {
    const own = await start({ supervised: true })
    const page = await open(browser, own.url)
    try {
      await signIn(page, ADMIN)
      const kill = async () => {
        await page.locator('.progress .bar, .wizfoot [data-t=undo]:disabled').first().waitFor()
        await until('some of it is done', async () => {
          const job = ok(await call(page, 'GET', 'job?sort=-id&limit=1'), 'job').rows[0]
          assert.ok(['running', 'queued'].includes(job.state), 'killed too late: ' + JSON.stringify(job))
          return job.done > 0
        })
        const worker = own.worker()
        process.kill(worker, 'SIGKILL')
        await until('another worker', () => own.worker() !== worker)
      }
      const all = async () => ok(await call(page, 'GET', 'lead/_aggregate?filter=' + encodeURIComponent(JSON.stringify(['name', '^', `Kill ${stamp} `]))), 'count').total.count
      await give(page, 'many.csv', 'name,city\n' + Array.from({ length: ROWS }, (_, i) => `Kill ${stamp} ${i},Ningbo`).join('\n'))
      await page.locator('[data-t=dry]').click()
      await verdict(page)
      await page.locator('[data-t=go]').click()
      await kill()
      await page.locator('[data-t=tolist]').waitFor()
      assert.equal(await page.locator('[data-bucket=new] .big').innerText(), ROWS.toLocaleString('en'))
      await eventually('none twice, none lost', all, ROWS)
      await takeBack(page, page.locator('.wizfoot'))
      await kill()
      await page.locator('.wizfoot [data-t=isundone]').waitFor()
      assert.match(await page.locator('[data-t=verdict]').innerText(), new RegExp(ROWS.toLocaleString('en')))
      await eventually('none is left', all, 0)
      assert.equal(await page.locator('.toast.bad, .note.bad').count(), 0, 'nothing failed')
    } finally {
      await page.context().close()
      await own.stop()
    }
  })
}
