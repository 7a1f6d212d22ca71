// router.ts - the pages and their addresses.
import { createRouter, createWebHistory } from 'vue-router'
import { t, worded } from './core/i18n'
import { guardBack } from './core/overlay'
import { fail } from './core/toast'
import TableView from './views/TableView.vue'

const number = (v: unknown): number => Number(v) || 0

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: worded(() => import('./views/Home.vue')) },
    { path: '/t/:table', component: TableView, props: (r) => ({ table: r.params.table }) },
    { path: '/t/:table/import', component: worded(() => import('./views/ImportWizard.vue')), props: (r) => ({ table: r.params.table }) },
    { path: '/t/:table/duplicates', component: worded(() => import('./views/Duplicates.vue')), props: (r) => ({ table: r.params.table }) },
    { path: '/t/:table/:id(\\d+)', component: worded(() => import('./views/RecordPage.vue')), props: (r) => ({ table: r.params.table, id: number(r.params.id) }) },
    { path: '/handover/:id(\\d+)', component: worded(() => import('./views/Handover.vue')), props: (r) => ({ id: number(r.params.id) }) },
    { path: '/r/:plugin/:name', component: worded(() => import('./views/Report.vue')), props: (r) => ({ name: `${String(r.params.plugin)}.${String(r.params.name)}` }) },
    { path: '/help/:page?', component: worded(() => import('./views/Help.vue')), props: (r) => ({ page: r.params.page ?? '' }) },
    { path: '/setup', redirect: () => ({ path: '/', hash: '', query: {} }) },
    { path: '/alerts', component: worded(() => import('./views/AlertCentre.vue')) },
    { path: '/approvals', component: worded(() => import('./views/Approvals.vue')) },
    { path: '/settings', component: worded(() => import('./views/Settings.vue')) },
    { path: '/p/:plugin/:name', component: worded(() => import('./views/PluginPage.vue')), props: (r) => ({ plugin: r.params.plugin, page: r.params.name }) },
    { path: '/admin/:page?/:id?', component: worded(() => import('./admin/Admin.vue')), props: (r) => ({ page: r.params.page ?? '', id: r.params.id ?? '' }) },
    { path: '/recycle', component: worded(() => import('./views/Recycle.vue')) },
    { path: '/:rest(.*)*', component: () => import('./views/Lost.vue') },
  ],
})
guardBack(router)
/* No connection, or the program is a newer one by now: then the whole page comes anew. */
router.onError((e, to) => fail(e, t('error.load'), () => location.assign(to.fullPath)))
