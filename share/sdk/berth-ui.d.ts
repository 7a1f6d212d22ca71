// berth-ui.d.ts - what a plugin's page is given: one ES module defines one custom element whose tag begins with
// the plugin's name and a hyphen.  The page sets `host` once, before the element is shown, and calls
// hostChanged() when the language or the theme changes.  No build step is needed:
//
//     customElements.define('customs-board', class extends HTMLElement {
//       set host(h) { this.h = h; h.data('customs_item').list({ limit: 10 }).then((p) => this.draw(p.rows)) }
//       hostChanged() { this.draw(this.rows) }
//       draw(rows) { this.rows = rows; this.replaceChildren(...rows.map((r) => Object.assign(document.createElement('p'), { textContent: r.name }))) }
//     })
//
// The page runs under a strict content security policy with Trusted Types: no inline script or style, nothing from
// elsewhere, no innerHTML.  Use the documented classes (btn, pri, inp, fld, pill, tag, note, empty, dim, small, num)
// and the custom properties of colours (--bg --bg1 --bg2 --fg --fg2 --line --brand --bad --good --warn) in light DOM.

export type Row = { id: number; version?: number } & Record<string, unknown>
export interface Page { rows: Row[]; refs?: Record<string, Record<string, string>>; next: string | null; total?: number }
export interface ListQuery { view?: string; filter?: unknown; q?: string; sort?: string; fields?: string; limit?: number; after?: string; count?: 1 }

/** Records as the signed-in user may see and change them; refusals reject with an Error whose `code` is the host's. */
export interface Table {
  list(query?: ListQuery): Promise<Page>
  get(id: number): Promise<Row>
  create(values: Record<string, unknown>): Promise<Row>
  update(id: number, version: number, values: Record<string, unknown>): Promise<Row>
  remove(id: number): Promise<void>
}

export interface Host {
  /** The version of this contract. */
  readonly sdk: 1
  readonly plugin: string
  /** 'zh-CN', 'zh-TW', 'vi', 'en', or a language that an administrator added */
  readonly locale: string
  readonly user: { id: number; name: string }
  /** Reaches the plugin's own routes only: api('GET', 'rates') is GET /api/<plugin>/rates. */
  api(method: string, path: string, body?: unknown): Promise<unknown>
  data(table: string): Table
  toast(text: string, options?: { bad?: boolean }): void
  openRecord(table: string, id: number): void
  money(value: string | number, currency?: string): string
  date(value: string): string
  time(value: string): string
  number(value: number): string
}

export interface BerthElement extends HTMLElement {
  host: Host
  hostChanged?(): void
}
