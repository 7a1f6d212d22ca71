// plugin.ts - what a plugin's page may do: the frozen object of share/sdk/berth-ui.d.ts.
import type { Router } from 'vue-router'
import type { Host, ListQuery, Row, Table } from '../../../sdk/berth-ui'
import { api, get, post } from './api'
import { fmtDate, fmtMoney, fmtTime, numberFormat } from './fmt'
import { locale } from './i18n'
import { me } from './session'
import { toast } from './toast'
import type { Page, Rec } from './types'

export type { BerthElement } from '../../../sdk/berth-ui'
export const SDK = 1

const NAME = /^[a-z][a-z0-9_]*$/
function tableOf(name: string): Table {
  if (!NAME.test(name)) throw new Error(`no table: ${name}`)
  const one = (id: number): string => `${name}/${Math.trunc(id)}`
  return Object.freeze({
    list: (q: ListQuery = {}) => get<Page>(name, { ...q, filter: q.filter === undefined ? undefined : JSON.stringify(q.filter) }),
    get: async (id: number) => (await get<Rec>(one(id))).row as Row,
    create: async (values: Record<string, unknown>) => (await post<Rec>(name, values)).row as Row,
    update: async (id: number, version: number, values: Record<string, unknown>) => (await api<Rec>('PATCH', one(id), { body: values, headers: { 'If-Match': `"${version}"` } })).row as Row,
    remove: async (id: number) => { await api('DELETE', one(id)) },
  })
}

export function hostFor(plugin: string, router: Router): Host {
  return Object.freeze({
    sdk: SDK, plugin, locale: locale.value, user: Object.freeze({ id: me.value!.id, name: me.value!.name }),
    api(method: string, path: string, body?: unknown) {
      if (!/^[\w\-/]*$/.test(path)) throw new Error(`not a path: ${path}`)
      return api(method, `${plugin}/${path.replace(/^\/+/, '')}`, { body })
    },
    data: tableOf,
    toast: (text: string, o: { bad?: boolean } = {}) => void toast(String(text), { bad: !!o.bad }),
    openRecord: (table: string, id: number) => { if (NAME.test(table)) void router.push(`/t/${table}/${Math.trunc(id)}`) },
    money: (v: string | number, currency?: string) => fmtMoney(String(v), currency),
    date: fmtDate, time: fmtTime, number: (n: number) => numberFormat().format(n),
  })
}
