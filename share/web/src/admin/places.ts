// places.ts - what there is to administer, by topic: the cards of the administration's home.
import { t } from '../core/i18n'
import { canOpen } from '../core/meta'
import { me, start } from '../core/session'

export interface Place {
  id: string
  /** Where it leads; without it, /admin/<id>. */
  to?: string
  icon: string
  /** The table it is about: whoever may read that, but is no administrator, gets the plain list. */
  table?: string
  perm?: string
  label?: string
}

const TOPICS: { id: string; places: Place[] }[] = [
  { id: 'people', places: [
    { id: 'users', icon: 'users', table: 'user' }, { id: 'departments', icon: 'network', table: 'department' },
    { id: 'roles', icon: 'shield', table: 'role' }, { id: 'sessions', icon: 'key' }] },
  { id: 'data', places: [
    { id: 'dictionaries', icon: 'book', table: 'dict_item' }, { id: 'fields', icon: 'columns', table: 'custom_field' }, { id: 'layouts', icon: 'table' }, { id: 'labels', icon: 'globe', table: 'label' },
    { id: 'series', icon: 'hash', table: 'series' }, { id: 'duplicates', to: '/t/dup_rule', icon: 'copy', table: 'dup_rule' },
    { id: 'holidays', to: '/t/day_off', icon: 'calendar', table: 'day_off' }, { id: 'weeks', to: '/t/work_week', icon: 'calendar', table: 'work_week' },
    { id: 'tags', to: '/t/tag', icon: 'flag', table: 'tag' }, { id: 'templates', to: '/t/mail_template', icon: 'mail', table: 'mail_template' }] },
  { id: 'pools', places: [
    { id: 'pools', icon: 'inbox', table: 'pool' }, { id: 'limits', to: '/t/hold_limit', icon: 'lock', table: 'hold_limit' },
    { id: 'recycle', to: '/recycle', icon: 'pool', perm: 'pools.whatif' }, { id: 'handovers', to: '/t/handover', icon: 'swap', table: 'handover' }] },
  { id: 'process', places: [{ id: 'approvals', icon: 'check', table: 'approval_flow' }, { id: 'automation', icon: 'activity', table: 'automation' }] },
  { id: 'system', places: [
    { id: 'settings', icon: 'sliders' }, { id: 'config', icon: 'swap' }, { id: 'channels', icon: 'bell' }, { id: 'scripts', icon: 'file' }, { id: 'plugins', icon: 'box' }, { id: 'jobs', icon: 'clock', table: 'job' },
    { id: 'audit', icon: 'eye', table: 'audit' }, { id: 'retention', to: '/t/retention', icon: 'trash', table: 'retention' }, { id: 'backup', icon: 'database' }, { id: 'system', icon: 'pulse' }] },
]

/* Where it leads for whoever is signed in; null when that is nowhere. */
function way(p: Place): string | null {
  if (p.perm) return start.value?.perms.includes(p.perm) ? p.to! : null
  if (me.value?.admin) return p.to ? (canOpen(p.table) ? p.to : null) : `/admin/${p.id}`
  return p.table && canOpen(p.table) ? `/t/${p.table}` : null
}

export interface Card {
  id: string
  to: string
  icon: string
  title: string
  text: string
  /** What is set there, as it is called. */
  sets?: string
}
export function topics(): { id: string; title: string; cards: Card[] }[] {
  const known = new Set(TOPICS.flatMap((x) => x.places.map((p) => p.table)))
  /* Tables that areas of the business let administrators set up. */
  const rest = (start.value?.nav ?? []).filter((n) => n.group === 'admin' && n.table && !known.has(n.table))
  const all = TOPICS.map((x) => ({
    id: x.id, title: t('admin.topic.' + x.id),
    cards: x.places.flatMap((p): Card[] => {
      const to = way(p)
      return to ? [{ id: p.id, to, icon: p.icon, title: t('admin.place.' + p.id), text: t('admin.place.' + p.id + '.text') }] : []
    }),
  }))
  all.splice(4, 0, { id: 'areas', title: t('admin.topic.areas'), cards: rest.map((n) => ({ id: n.table!, to: n.to, icon: n.icon ?? 'table', title: n.label, text: n.about ?? '', sets: (n.fields ?? []).join(t('comma')) })) })
  return all.filter((x) => x.cards.length)
}
