// api.ts - one way to the host: JSON in, JSON out, every failure an ApiError.
import { ref } from 'vue'
import { ahead, note } from '../first'
import { locale, t } from './i18n'
import type { ErrorBody } from './types'

export class ApiError extends Error {
  readonly status: number
  readonly body: ErrorBody
  constructor(status: number, body: ErrorBody) {
    super(body.message || t('error.' + body.code) || body.code)
    this.status = status
    this.body = body
  }
  get code(): string {
    return this.body.code
  }
  get request(): string | undefined {
    return this.body.request
  }
}

export interface Call {
  query?: Record<string, string | number | undefined | null>
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** False after a request could not reach the host, true after one did. */
export const online = ref(true)

let signedOut = (): void => {}
export const saySignedOut = (): void => signedOut()
/** Called whenever the host says that nobody is signed in. */
export const onSignedOut = (f: () => void): void => void (signedOut = f)

export function url(path: string, query: Call['query'] = {}): string {
  const p = new URLSearchParams()
  const all: NonNullable<Call['query']> = { locale: locale.value, ...query }
  for (const [k, v] of Object.entries(all))
    if (v !== undefined && v !== null && v !== '') p.set(k, String(v))
  return `/api/${path}?${p}`
}

function bodyOf(call: Call, headers: Record<string, string>): BodyInit | undefined {
  if (call.body === undefined) return undefined
  if (call.body instanceof Blob) {
    headers['Content-Type'] = 'application/octet-stream'
    return call.body
  }
  headers['Content-Type'] = 'application/json'
  return JSON.stringify(call.body)
}

async function send(method: string, path: string, call: Call): Promise<Response> {
  const headers: Record<string, string> = { ...call.headers }
  if (method !== 'GET') headers['X-Berth'] = '1'
  const body = bodyOf(call, headers)
  try {
    const r = await fetch(url(path, call.query), {
      method, headers, body, signal: call.signal, credentials: 'same-origin',
    })
    online.value = true
    return r
  } catch (e) {
    if (call.signal?.aborted) throw e
    online.value = false
    throw new ApiError(0, { code: 'offline' })
  }
}

/** The host is gone for a moment, or says itself that it has no time now. */
export const away = (r: { status: number }): boolean => [0, 502, 503, 504].includes(r.status)
export const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms))

/* Whatever is meant has a key, and the host does what comes with the same key once.  What got no answer keeps its key: it is sent again
 * by itself, and once more when somebody presses the button again.  Of an address the last one is remembered. */
const unheard = new Map<string, { said: string; key: string }>()
const PAUSES = [400, 1200, 3000]
const newKey = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, '0')).join('')
const underWay = (r: Response): boolean => r.status === 409 && r.headers.has('Retry-After')

async function write(method: string, path: string, call: Call): Promise<Response> {
  const at = `${method} ${path}`
  const said = JSON.stringify([call.query, call.headers, call.body])
  const before = unheard.get(at)
  const mine = before?.said === said ? before : { said, key: newKey() }
  const once = { ...call, headers: { ...call.headers, 'Idempotency-Key': mine.key } }
  unheard.set(at, mine)
  for (let tries = 0; ; tries++) {
    const r = await send(method, path, once).catch((e: unknown) => {
      if (e instanceof ApiError) return e
      throw e
    })
    if (r instanceof Response && !away(r) && !underWay(r)) {
      if (unheard.get(at) === mine) unheard.delete(at)
      return r
    }
    if (tries === PAUSES.length || !navigator.onLine) {
      if (r instanceof Response) return r
      throw r
    }
    await wait(PAUSES[tries]!)
  }
}

async function failure(r: Response): Promise<ApiError> {
  let body: ErrorBody = { code: 'http_' + r.status, message: t('error.http', { n: r.status }) }
  try {
    body = ((await r.json()) as { error?: ErrorBody }).error ?? body
  } catch {
    /* not ours: a proxy's page, or nothing */
  }
  return new ApiError(r.status, body)
}

export async function api<T>(method: string, path: string, call: Call = {}): Promise<T> {
  if (method === 'GET') {
    const at = url(path, call.query)
    note(at)
    const first = await ahead(at)
    if (first) return first.body as T
  }
  const r = await (method === 'GET' || call.body instanceof Blob ? send : write)(method, path, call)
  if (r.ok) return (r.status === 204 ? null : await r.json()) as T
  const e = await failure(r)
  if (r.status === 401 && e.code !== 'bad_login') signedOut()
  throw e
}

export const get = <T>(path: string, query?: Call['query'], signal?: AbortSignal): Promise<T> =>
  api<T>('GET', path, { query, signal })
export const post = <T>(path: string, body: unknown = {}, query?: Call['query']): Promise<T> =>
  api<T>('POST', path, { body, query })

/** What the host answers as a file, to keep. */
export async function download(path: string, body: unknown, name: string): Promise<void> {
  const r = await send('POST', path, { body })
  if (!r.ok) throw await failure(r)
  saveAs(await r.blob(), name)
}
export function saveAs(what: Blob | string, name: string): void {
  const a = document.createElement('a')
  a.href = URL.createObjectURL(typeof what === 'string' ? new Blob([what]) : what)
  a.download = name
  a.click()
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000)
}

export const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e))
