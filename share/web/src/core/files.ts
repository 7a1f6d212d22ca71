// files.ts - sending a file with its progress, and sizes as people read them.
import { ApiError, saySignedOut, url, type Call } from './api'
import { numberFormat } from './fmt'
import { t } from './i18n'
import type { Attachment, ErrorBody } from './types'

/** A file as the body, with its progress (0 to 1): fetch() tells none. */
export function upload<T>(path: string, file: Blob, query: Call['query'], tell: (part: number) => void, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest()
    x.open('POST', url(path, query))
    x.setRequestHeader('X-Berth', '1')
    x.setRequestHeader('Content-Type', 'application/octet-stream')
    x.upload.onprogress = (e) => tell(e.total ? e.loaded / e.total : 0)
    x.onabort = () => reject(new ApiError(0, { code: 'cancelled' }))
    x.onerror = () => reject(new ApiError(0, { code: 'offline' }))
    x.onload = () => {
      let body: { error?: ErrorBody } = {}
      try {
        body = JSON.parse(x.responseText) as typeof body
      } catch {
        /* not ours: a proxy's page, or nothing */
      }
      if (x.status < 300) return resolve(body as T)
      if (x.status === 401) saySignedOut()
      reject(new ApiError(x.status, body.error ?? { code: 'http_' + x.status, message: t('error.http', { n: x.status }) }))
    }
    signal?.addEventListener('abort', () => x.abort())
    x.send(file)
  })
}

const sent = new WeakMap<File, number>() /* a form that is sent again does not attach its file twice */
/** Files among the values are attached to the record first; they become their numbers. */
export async function attached(table: string, id: number, values: Record<string, unknown>): Promise<Record<string, unknown>> {
  const out = { ...values }
  for (const [name, v] of Object.entries(values))
    if (v instanceof File) {
      if (!sent.has(v)) sent.set(v, (await upload<{ file: Attachment }>(`${table}/${id}/_files`, v, { name: v.name }, () => {})).file.id)
      out[name] = sent.get(v)
    }
  return out
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte']
export function fmtBytes(n: number): string {
  let unit = 0
  for (; n >= 1000 && unit < UNITS.length - 1; unit++) n /= 1024
  return numberFormat({ style: 'unit', unit: UNITS[unit], unitDisplay: 'short', maximumFractionDigits: n < 10 && unit ? 1 : 0 }).format(n)
}
