// scriptjobs.ts - the jobs that scripts declare, and what a job is called.
import { get } from '../core/api'
import { locale, t } from '../core/i18n'
import type { ScriptJob } from '../core/scriptjobs'
import { useQuery } from '../core/query'
import type { Row } from '../core/types'

export type { ScriptJob }
export const useScriptJobs = () => useQuery<{ jobs: ScriptJob[] }>(() => ({ queryKey: ['scriptjobs', locale.value], queryFn: ({ signal }) => get('_script_job', {}, signal) }))

/** What a plugin or a script brings is named by its route or its own words. */
export function jobName(r: Row, scripts: ScriptJob[]): string {
  const args = (r.args ?? {}) as { path?: string; script?: string }
  if (r.kind === 'script') return scripts.find((s) => s.script === args.script)?.label ?? args.script ?? ''
  return r.kind === 'route' ? args.path ?? '' : t('admin.job.' + String(r.kind))
}
