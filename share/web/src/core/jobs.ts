// jobs.ts - following the host's background jobs.
import { ApiError, away, get, wait } from './api'
import { fmtInt } from './fmt'
import type { Job } from './types'

export const isOver = (j: Job): boolean => j.state !== 'queued' && j.state !== 'running'

/** Resolves with the job as it ended; `tell` hears of every step.  The host may be gone for a moment: its job goes on when it is back. */
export async function pollJob(id: number, tell: (j: Job) => void, signal?: AbortSignal): Promise<Job> {
  for (let pause = 120; ; pause = Math.min(pause * 1.5, 1000)) {
    const j = await get<Job>(`_job/${id}`, {}, signal).catch((e: unknown) => {
      if (!(e instanceof ApiError && away(e))) throw e
    })
    if (j) tell(j)
    if (j && isOver(j)) return j
    await wait(pause)
    signal?.throwIfAborted()
  }
}

/** "17,600 / 28,114": how far it is. */
export const farText = (j: Job): string => (j.done ? fmtInt(j.done) + (j.total ? ' / ' + fmtInt(j.total) : '') : '')

/** A job says in words why it failed. */
export const jobError = (j: Job): ApiError =>
  new ApiError(500, typeof j.error === 'string' && j.error ? { code: 'failed', message: j.error } : { code: 'failed' })
