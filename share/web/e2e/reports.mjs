// reports.mjs - flows of report pages: what they show goes along as a spreadsheet.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { PHONE, signIn } from './lib.mjs'

export async function reports({ test, clean }) {
  for (const [name, size] of [['desk', undefined], ['phone', PHONE]]) await test('a report goes along as .csv and .xlsx, in the words of its page: ' + name, { locale: 'vi', size, touch: !!size }, async (page) => {
    await signIn(page)
    await page.goto('/r/script/leads_by_source')
    await page.locator('.reportpage .relbox td').first().waitFor()
    const heads = await page.locator('.reportpage .relbox th').allInnerTexts()
    const first = await page.locator('.reportpage .relbox tbody tr').first().locator('td').first().innerText()
    for (const kind of ['csv', 'xlsx']) {
      await page.locator('.head [data-t=more]').click()
      if (kind === 'csv') await clean(page, 'the menu of a report')
      const [file] = await Promise.all([page.waitForEvent('download'), page.locator(`.opt[data-id=export-${kind}]`).click()])
      assert.equal(file.suggestedFilename(), 'Nguồn khách tiềm năng.' + kind)
      const bytes = readFileSync(await file.path())
      if (kind === 'xlsx') assert.equal(bytes.subarray(0, 2).toString(), 'PK')
      else {
        const [head, row] = bytes.toString('utf8').replace('\ufeff', '').split(/\r?\n/)
        assert.deepEqual(head.split(',').map((x) => x.replace(/^"|"$/g, '')), heads.map((x) => x.trim()))
        assert.ok(row.startsWith(first.trim()), row)
      }
    }
  })
}
