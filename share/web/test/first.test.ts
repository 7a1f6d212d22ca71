// first.test.ts - what an address asks ahead.
import { expect, test } from 'vitest'
import { ahead, keepAsked, note, ASKED } from '../src/first'

test('what an address asked is kept without searches, filters and records', () => {
  const here = location.pathname + location.search
  history.replaceState(null, '', '/')
  for (const url of ['/api/lead?locale=en&view=all', '/api/lead?locale=en&q=secret', '/api/lead?locale=en&filter=%5B%5D', '/api/lead/7?locale=en', '/api/_start?locale=en']) note(url)
  keepAsked()
  expect(JSON.parse(localStorage.getItem(ASKED) ?? '{}')).toEqual({ '/': ['/api/lead?locale=*&view=all'] })
  expect(ahead('/api/never?locale=en')).toBeUndefined()
  history.replaceState(null, '', here)
})
