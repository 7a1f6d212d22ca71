// net.ts - the relations of records, node by node as one walks.
import { get } from './api'
import type { Net, NetLink } from './types'

export interface NetBody { id: string; table: string; record: number; title: string; icon?: string | null; x?: number; y?: number; fx?: number | null; fy?: number | null }
export interface NetEdge { id: string; source: NetBody; target: NetBody; label: string }
export const keyOf = (table: string, id: number): string => `${table}/${id}`
export const NODES_MAX = 300

export const loadNet = (table: string, id: number, link?: string, after?: string): Promise<Net> =>
  get<Net>(`${table}/${id}/_neighbours`, { link, after })

/** What grows: nodes and edges that are known, and of each node its kinds of links. */
export class Web {
  readonly nodes = new Map<string, NetBody>()
  readonly edges = new Map<string, NetEdge>()
  readonly links = new Map<string, NetLink[]>()

  put(table: string, record: number, title: string | null, icon: string | null | undefined, near?: NetBody): NetBody | undefined {
    const id = keyOf(table, record)
    let n = this.nodes.get(id)
    if (n) return n
    if (this.nodes.size >= NODES_MAX) return undefined
    const turn = this.nodes.size * 2.4 /* new ones begin around the one they came from */
    n = { id, table, record, title: title || '#' + record, icon, x: (near?.x ?? 0) + Math.cos(turn) * 60, y: (near?.y ?? 0) + Math.sin(turn) * 60 }
    this.nodes.set(id, n)
    return n
  }
  /** Takes an answer in; false when there was no room for all of it. */
  add(net: Net): boolean {
    const from = this.put(net.node.table, net.node.id, net.node.title, net.node.icon)
    let all = !!from
    if (!from) return false
    const known = new Map((this.links.get(from.id) ?? []).map((l) => [l.by, l]))
    for (const l of net.links) {
      const was = known.get(l.by)
      known.set(l.by, was && was.nodes !== l.nodes ? { ...l, nodes: [...was.nodes, ...l.nodes.filter((n) => !was.nodes.some((o) => o.id === n.id))] } : l)
      for (const n of l.nodes) {
        const to = this.put(l.table, n.id, n.title, l.icon, from)
        if (to && to !== from) this.join(from, to, l)
        all = all && !!to
      }
    }
    this.links.set(from.id, [...known.values()])
    return all
  }
  /* One line a reference, from whichever end one came. */
  private join(a: NetBody, b: NetBody, l: NetLink): void {
    const out = l.by.startsWith('out:')
    const [source, target] = out ? [a, b] : [b, a]
    const field = l.by.replace(/^(out:|in:[^.]*\.)/, '')
    const id = `${source.id}>${field}>${target.id}`
    if (!this.edges.has(id)) this.edges.set(id, { id, source, target, label: l.label })
  }
}
