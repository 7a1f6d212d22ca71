// router.ts - the pages and their addresses.
import { worded } from './core/i18n'
import { startRouter, type PageRoute } from './core/router'
import TableView from './views/TableView.vue'

const lazy = (path: RegExp, part: () => Promise<{ default: object }>, props?: PageRoute['props']): PageRoute => ({ path, page: worded(part), lazy: true, props })

const routes: PageRoute[] = [
  lazy(/^\/$/, () => import('./views/Home.vue')),
  { path: /^\/t\/(?<table>[^/]+)\/?$/, page: TableView, props: (p) => ({ table: p.table }) },
  lazy(/^\/t\/(?<table>[^/]+)\/import\/?$/, () => import('./views/ImportWizard.vue'), (p) => ({ table: p.table })),
  lazy(/^\/t\/(?<table>[^/]+)\/duplicates\/?$/, () => import('./views/Duplicates.vue'), (p) => ({ table: p.table })),
  lazy(/^\/t\/(?<table>[^/]+)\/(?<id>\d+)\/?$/, () => import('./views/RecordPage.vue'), (p) => ({ table: p.table, id: Number(p.id) })),
  lazy(/^\/handover\/(?<id>\d+)\/?$/, () => import('./views/Handover.vue'), (p) => ({ id: Number(p.id) })),
  lazy(/^\/r\/(?<plugin>[^/]+)\/(?<name>[^/]+)\/?$/, () => import('./views/Report.vue'), (p) => ({ name: `${p.plugin}.${p.name}` })),
  lazy(/^\/help(\/(?<page>[^/]*))?\/?$/, () => import('./views/Help.vue'), (p) => ({ page: p.page })),
  lazy(/^\/alerts\/?$/, () => import('./views/AlertCentre.vue')),
  lazy(/^\/approvals\/?$/, () => import('./views/Approvals.vue')),
  lazy(/^\/settings\/?$/, () => import('./views/Settings.vue')),
  lazy(/^\/p\/(?<plugin>[^/]+)\/(?<name>[^/]+)\/?$/, () => import('./views/PluginPage.vue'), (p) => ({ plugin: p.plugin, page: p.name })),
  lazy(/^\/admin(\/(?<page>[^/]*)(\/(?<id>[^/]*))?)?\/?$/, () => import('./admin/Admin.vue'), (p) => ({ page: p.page, id: p.id })),
  lazy(/^\/recycle\/?$/, () => import('./views/Recycle.vue')),
  lazy(/^/, () => import('./views/Lost.vue')),
]
export function begin(): void {
  if (location.pathname === '/setup') history.replaceState(null, '', '/')
  startRouter(routes)
}
