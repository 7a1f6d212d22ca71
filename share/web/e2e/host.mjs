// host.mjs - a host to test against: a given one, the built one on a free port, or the mock.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { serve } from '../test/mock/server.mjs'
import { PATIENCE } from './lib.mjs'

const build = resolve(import.meta.dirname, '../../../build')
export const ui = process.env.BERTH_UI_OUT ?? join(build, 'share/ui')
const program = process.env.BERTH ?? join(build, 'berth')

/** Starts the built host on a data folder of its own; `setup` leaves it new, with its one-time link. */
async function real(setup, more = [], languages = {}, supervised = false) {
  const data = mkdtempSync(join(tmpdir(), 'berth-e2e-'))
  for (const [name, words] of Object.entries(languages)) {
    mkdirSync(join(data, 'languages'), { recursive: true })
    writeFileSync(join(data, 'languages', name + '.json'), JSON.stringify(words))
  }
  /* A copy, which flows may change. */
  cpSync(resolve(build, '../scripts'), join(data, 'scripts'), { recursive: true })
  let child, said, ended
  async function run(listen) {
    said = ''
    child = spawn(program, ['serve', '--scripts', join(data, 'scripts'), '--edit-scripts', ...(setup ? [] : ['--demo']), '--data', data, '--listen', listen, '--ui', ui, ...(supervised ? [] : ['--no-supervisor']), ...more], { stdio: ['ignore', 'pipe', 'pipe'], cwd: resolve(build, '..') })
    ended = new Promise((done) => child.once('exit', done))
    await new Promise((ok, no) => {
      const hear = (part) => {
        said += part
        if (/listening on http:\S+/.test(said)) ok()
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.once('exit', () => no(new Error('the host ended:\n' + said)))
      setTimeout(() => no(new Error('the host does not start:\n' + said)), 3 * PATIENCE).unref()
    })
  }
  const end = async (signal) => {
    child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
    await ended
    clearTimeout(late)
  }
  const stop = async () => {
    await end('SIGTERM')
    rmSync(data, { recursive: true, force: true })
  }
  try {
    await run('127.0.0.1:0')
  } catch (e) {
    await stop()
    throw e
  }
  const url = /listening on (http:\/\/[\d.:]+)/.exec(said)[1]
  /* gone, and back: as when the machine lost its power, at the same address afterwards */
  return { url, stop, kind: 'real', link: /(\/setup#\S+)/.exec(said)?.[1], gone: () => end('SIGKILL'), back: () => run(new URL(url).host), worker: () => parseInt(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')) }
}

/** A host with demo users, or a new one with the link of its first start. */
export async function start({ setup = false, more, languages, supervised } = {}) {
  if (!existsSync(ui + '/index.html')) throw new Error(`build the UI first: ${ui} is empty`)
  const mock = process.argv.includes('--mock')
  if (process.env.BERTH_URL && !mock && !setup && !languages && !supervised) return { url: process.env.BERTH_URL.replace(/\/$/, ''), stop: async () => {}, kind: 'given' }
  if (!mock && existsSync(program)) return real(setup, more, languages, supervised)
  return { ...(await serve({ ui, rows: setup ? 5 : 1500, setup })), kind: 'mock', link: '/setup#one-time' }
}
