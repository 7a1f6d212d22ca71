// scriptjobs.ts - the jobs that scripts declare, and what a job is called.
import { t } from '../core/i18n'
import { scriptJobsQuery, type ScriptJob } from '../core/scriptjobs'
import { useQuery } from '../core/query'
import type { Row } from '../core/types'

export const useScriptJobs = () => useQuery(scriptJobsQuery)

/** What a plugin or a script brings is named by its route or its own words. */
export function jobName(r: Row, scripts: ScriptJob[]): string {
  const args = (r.args ?? {}) as { path?: string; script?: string }
  if (r.kind === 'script') return scripts.find((s) => s.script === args.script)?.label ?? args.script ?? ''
  return r.kind === 'route' ? args.path ?? '' : t('admin.job.' + String(r.kind))
}
