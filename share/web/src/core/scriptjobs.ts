// scriptjobs.ts - jobs of scripts that people are offered on a list or a record.
import { get } from './api'
import { ask } from './asks'
import { startJob } from './deeds'
import { locale } from './i18n'
import { cache } from './query'
import type { Field, Meta } from './types'

export interface ScriptJob { script: string; label: string; right: string | null; on: string | null; args: { name: string; default: string | null }[] }

/** What is left empty is as the script declares it. */
async function begin(meta: Meta, j: ScriptJob, id?: number): Promise<void> {
  const form = j.args.filter((a) => a.name !== 'id').map((a): Field => ({ name: a.name, label: a.name, type: 'text', default: a.default ?? undefined, required: a.default === null } as Field))
  const given = form.length ? await ask('action', { action: { name: j.script, label: j.label, form }, count: 1 }) : {}
  if (!given) return
  const args = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== null && v !== ''))
  await startJob(meta, { script: j.script, args: id ? { ...args, id: String(id) } : args }, j.label)
}

export const scriptJobsQuery = () => ({ queryKey: ['scriptjobs', locale.value], queryFn: ({ signal }: { signal: AbortSignal }) => get<{ jobs: ScriptJob[] }>('_script_job', {}, signal) })

/** Those of a table's list, or of one of its records. */
export async function scriptJobs(meta: Meta, id?: number): Promise<{ id: string; label: string; icon: string; group: string; run: () => Promise<void> }[]> {
  const { jobs } = await cache.fetchQuery({ ...scriptJobsQuery(), staleTime: 60_000 })
  return jobs.filter((j) => j.on === meta.table && j.args.some((a) => a.name === 'id') === !!id)
    .map((j) => ({ id: 'job-' + j.script, label: j.label, icon: 'activity', group: 'a', run: () => begin(meta, j, id) }))
}
