// lib.mjs - a browser, pages that remember what went wrong, and small helpers for the flows.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import { chromium } from 'playwright-core'

const require = createRequire(import.meta.url)
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
export const PHONE = { width: 390, height: 844 }
export const DESK = { width: 1440, height: 900 }
/** How long something may take before it is given up, in ms: machines that test are slow and busy. */
export const PATIENCE = Number(process.env.E2E_PATIENCE) || 60_000
/** BERTH_E2E_SLOW=6 makes the browser's processor six times slower, to find what is asserted too early. */
const SLOW = Number(process.env.BERTH_E2E_SLOW ?? 1)

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--no-first-run'],
})

/* Refusals are part of the interface; the browser logs each as a failed load. */
const EXPECTED = /Failed to load resource: the server responded with a status of (401|403|404|409|415|422)/

/** A page of its own profile; `page.trouble` collects console errors, exceptions and CSP reports. */
export async function open(browser, base, { size = DESK, theme = 'light', locale = 'en', touch = false, scale = 1 } = {}) {
  const context = await browser.newContext({
    viewport: size, colorScheme: theme, locale, baseURL: base, hasTouch: touch, isMobile: touch, deviceScaleFactor: scale, bypassCSP: false, acceptDownloads: true,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE)
  if (SLOW > 1) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: SLOW })
  page.trouble = []
  page.on('console', (m) => { if (m.type() === 'error' && !EXPECTED.test(m.text())) page.trouble.push('console: ' + m.text()) })
  page.on('pageerror', (e) => page.trouble.push('exception: ' + e.message))
  await page.addInitScript((l) => {
    if (!localStorage.getItem('berth.locale')) localStorage.setItem('berth.locale', l)
    addEventListener('securitypolicyviolation', (e) => console.error(`CSP ${e.violatedDirective} ${e.blockedURI} ${e.sample}`))
  }, locale)
  return page
}

/** axe in the page through the debugger, so that the page's own CSP stays in force; of all its rules, or those named. */
export async function axe(page, rules) {
  const cdp = await page.context().newCDPSession(page)
  const run = async (expression) => {
    const r = await cdp.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (r.exceptionDetails) throw new Error('axe: ' + (r.exceptionDetails.exception?.description ?? r.exceptionDetails.text))
    return r.result.value
  }
  await run(AXE)
  await settle(page) // a message may have risen meanwhile
  const found = await run(`axe.run(document, ${JSON.stringify({ resultTypes: ['violations'], ...(rules && { runOnly: rules }) })}).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' ' + (n.any[0]?.message ?? n.all[0]?.message ?? '')).join(' ; ')))`)
  await cdp.detach()
  return found
}

/** Links that stand among other words without being underlined. axe finds such a link only where the words are longer than it. */
export const bareLinks = (page) => page.evaluate(() => {
  const style = (e) => getComputedStyle(e)
  const inline = (e) => /^(inline|contents)/.test(style(e).display)
  const words = (e) => [...e.childNodes].map((n) => n.nodeType === Node.TEXT_NODE ? n.data : n.nodeType === Node.ELEMENT_NODE && inline(n) && !n.matches('a, button') ? words(n) : '').join('')
  return [...document.querySelectorAll('a[href]:not(.btn)')].filter((a) => {
    if (!inline(a) || !a.checkVisibility()) return false
    let line = a.parentElement
    while (inline(line)) line = line.parentElement
    return style(line).display !== 'flex' && style(line).display !== 'grid' && /[\p{L}\p{N}]/u.test(words(line)) && !style(a).textDecorationLine.includes('underline')
  }).map((a) => a.textContent.trim())
})

/** Animations over, fonts there. */
export const settle = (page) => page.evaluate(async () => {
  await document.fonts.ready
  await Promise.allSettled(document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity).map((a) => a.finished))
})

/** Asks again and again until the answer is true, and returns it. */
export async function until(what, ask) {
  const end = Date.now() + PATIENCE
  for (let trouble = ''; ;) {
    try {
      const answer = await ask()
      if (answer) return answer
      trouble = ''
    } catch (e) { /* such as: the page was just leaving */
      trouble = '\n' + (e.stack ?? e)
    }
    if (Date.now() > end) throw new Error('never came: ' + what + trouble)
    await new Promise((r) => setTimeout(r, 50))
  }
}

/** Asks until the answer is `expected`: what a page shows comes a moment after what was done, or after what the server knows. */
export async function eventually(what, ask, expected) {
  let answer
  await until(what, async () => isDeepStrictEqual(answer = await ask(), expected)).catch(() => assert.deepEqual(answer, expected, what))
}

/** How far the page is wider than its window; 0 is right. */
export const overflow = (page) => page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth))

/** The REST interface as the signed-in user of that page, in its language. */
export async function call(page, method, path, body, headers = {}) {
  return page.evaluate(async ([method, path, body, headers]) => {
    const at = new URL('/api/' + path, location.origin)
    at.searchParams.set('locale', localStorage.getItem('berth.locale'))
    const r = await fetch(at, { method, headers: { 'X-Berth': '1', 'Content-Type': 'application/json', ...headers }, body: body === undefined ? undefined : JSON.stringify(body) })
    const text = await r.text()
    return { status: r.status, body: text ? JSON.parse(text) : null }
  }, [method, path, body, headers])
}

export async function signIn(page, demo = 0, path = '/') {
  await page.goto(path)
  await page.locator('[data-demo]').nth(demo).click()
  await page.locator('.side, .tabbar').first().waitFor({ state: 'attached' })
}

/** Enters "2026-03-15T08:30" where a moment is asked for: segment by segment, or in the phone's own picker. */
export async function enterMoment(box, at) {
  const picker = box.locator('input')
  await box.locator('.dfield').waitFor()
  if (await picker.count()) return picker.fill(at)
  for (const [name, value] of Object.entries({ year: at.slice(0, 4), month: at.slice(5, 7), day: at.slice(8, 10), hour: at.slice(11, 13), minute: at.slice(14, 16) })) {
    await box.locator(`[data-reka-date-field-segment=${name}]`).click()
    await box.page().keyboard.type(value)
  }
}
