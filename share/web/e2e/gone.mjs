// gone.mjs - the server is gone, and back: one is told, nothing typed is lost, and all goes on by itself.
import assert from 'node:assert/strict'
import { call, eventually, open, PHONE, signIn, until } from './lib.mjs'
import { start } from './host.mjs'

export async function gone({ test, clean, ok, make, metaOf, browser, TABLE }) {
  /* What a browser logs of its own about a server that is not there. */
  const expected = (page) => { page.trouble = page.trouble.filter((x) => !/ERR_(CONNECTION_\w+|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED|INCOMPLETE_CHUNKED_ENCODING)/.test(x)) }
  for (const [name, options] of [['desk', {}], ['phone', { size: PHONE, touch: true, locale: 'zh-CN' }]])
    await test(`the server is gone and back: ${name}: one is told, what was typed stays, and it goes on by itself`, {}, async (_page, stamp) => {
      const own = await start({ supervised: true })
      try {
        const page = await open(browser, own.url, options)
        await signIn(page)
        const m = await metaOf(page)
        const row = await make(page, m, { city: 'Before' })
        const title = `Typed ${stamp} ${Math.random().toString(36).slice(2)}`
        const city = async () => ok(await call(page, 'GET', `${TABLE}/${row.id}`), 'read').row.city

        /* A form is being filled in when all of it goes: supervisor, its worker with it, address. */
        await page.goto(`/t/${TABLE}?view=all`)
        await page.locator('[data-t=new]').click()
        await page.locator(`[data-field=${m.title}] input`).fill(title)
        await own.gone()
        await page.locator('[data-t=save]').click()
        await page.locator('.offline').waitFor()
        await page.locator('.toast.bad, .note.bad').first().waitFor()
        assert.equal(await page.locator(`[data-field=${m.title}] input`).inputValue(), title)
        await clean(page, 'without a server')
        await own.back()
        await page.locator('.offline').waitFor({ state: 'detached' })
        assert.equal(await page.locator(`[data-field=${m.title}] input`).inputValue(), title)
        await page.locator('[data-t=save]').click()
        await page.locator('dialog form').waitFor({ state: 'detached' })
        await eventually('once, not twice', async () => ok(await call(page, 'GET', `${TABLE}?q=${encodeURIComponent(title)}`), 'list').rows.length, 1)

        /* A value is changed in place while nothing answers: it waits in its message. */
        await page.goto(`/t/${TABLE}/${row.id}`)
        await page.locator('[data-edit=city]').waitFor()
        await own.gone()
        await page.locator('[data-edit=city]').click()
        await page.locator('#fact-city').fill('After ' + stamp)
        await page.locator('#fact-city').press('Enter')
        await page.locator('.offline').waitFor()
        const waits = page.locator('.toast.bad', { hasText: 'After ' + stamp })
        await waits.waitFor()
        await own.back()
        await page.locator('.offline').waitFor({ state: 'detached' })
        await waits.locator('[data-t=tryagain]').click()
        await eventually('the change came through', city, 'After ' + stamp)

        /* The worker alone dies: nobody is refused, one only waits. */
        process.kill(own.worker(), 'SIGKILL')
        assert.equal(await city(), 'After ' + stamp)
        await page.goto(`/t/${TABLE}?view=all`)
        await page.locator('.gb .gr, .card').first().waitFor()
        await until('no notice', async () => !(await page.locator('.offline').count()))
        expected(page)
        assert.deepEqual(page.trouble, [])
        await page.context().close()
      } finally {
        await own.stop()
      }
    })
}
