// board.js - a page of {{name}}'s own: what is open, and a button that makes an item.
// The contract is in berth's share/sdk/berth-ui.d.ts; delete ui/ when your plugin needs no page.
const WORDS = {
  en: { open: 'Open items', none: 'Nothing is open.', add: 'Add an item', name: 'New item' },
  'zh-CN': { open: '未完成', none: '没有未完成的事项。', add: '添加事项', name: '新事项' },
  'zh-TW': { open: '未完成', none: '沒有未完成的事項。', add: '新增事項', name: '新事項' },
  vi: { open: 'Mục đang mở', none: 'Không có mục nào đang mở.', add: 'Thêm mục', name: 'Mục mới' },
}

const el = (tag, props = {}, ...children) => {
  const e = Object.assign(document.createElement(tag), props)
  e.append(...children)
  return e
}

class Board extends HTMLElement {
  #host
  set host(h) {
    this.#host = h
    this.load()
  }
  get host() {
    return this.#host
  }
  hostChanged() {
    this.load()
  }
  async load() {
    try {
      const page = await this.#host.data('{{name}}_item').list({ filter: ['status', '=', 'open'], sort: '-id', limit: 20 })
      this.draw(page.rows)
    } catch (e) {
      this.replaceChildren(el('p', { className: 'note bad', textContent: e.message }))
    }
  }
  draw(rows) {
    const w = WORDS[this.#host.locale] ?? WORDS.en
    const list = el('ul', {}, ...rows.map((r) => el('li', {}, el('button', { className: 'link', textContent: r.name, onclick: () => this.#host.openRecord('{{name}}_item', r.id) }),
      el('span', { className: 'dim small', textContent: r.due_on ? ` ${this.#host.date(r.due_on)}` : '' }))))
    this.replaceChildren(el('h2', { textContent: `${w.open}: ${this.#host.number(rows.length)}` }), rows.length ? list : el('p', { className: 'dim', textContent: w.none }),
      el('button', { className: 'btn pri', textContent: w.add, onclick: () => this.add(w) }))
  }
  async add(w) {
    try {
      const row = await this.#host.data('{{name}}_item').create({ name: w.name })
      this.#host.toast(row.name)
      await this.load()
    } catch (e) {
      this.#host.toast(e.message, { bad: true })
    }
  }
}
customElements.define('{{name}}-board', Board)
