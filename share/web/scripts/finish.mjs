// finish.mjs - after vite: .gz beside every text file, and THIRD-PARTY.txt with what is shipped.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gz } from './gz.mjs'

const here = resolve(import.meta.dirname, '..')
const out = process.env.BERTH_UI_OUT ?? resolve(here, '../../build/share/ui')
const walk = (d) => readdirSync(d, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? walk(join(d, e.name)) : [join(d, e.name)]))

/* What ends up in the browser: the dependencies and what they need, never the build tools. */
function shipped() {
  const lock = JSON.parse(readFileSync(join(here, 'package-lock.json'), 'utf8')).packages
  return Object.entries(lock).filter(([path, p]) => path && !p.dev && !p.devOptional && !p.optional).map(([path]) => path)
}
function notice(path) {
  const dir = join(here, path)
  if (!existsSync(dir)) return ''
  const p = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
  const text = readdirSync(dir).filter((n) => /^licen[cs]e/i.test(n) && statSync(join(dir, n)).isFile()).map((n) => readFileSync(join(dir, n), 'utf8').trim())[0] ?? ''
  return `${p.name} ${p.version} (${p.license})\n\n${text}\n`
}

writeFileSync(join(out, 'THIRD-PARTY.txt'), shipped().map(notice).filter(Boolean).join('\n' + '-'.repeat(78) + '\n\n'))
for (const f of walk(out)) {
  if (f.endsWith('.gz')) rmSync(f)
  else if (/\.(js|css|html|svg|json|txt)$/.test(f) && statSync(f).size > 500) writeFileSync(f + '.gz', gz(f))
}
