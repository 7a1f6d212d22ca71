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
  const r = await send(method, path, call)
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
