/**
 * Throughput is measured with wrk, a load generator in C that costs the machine little: on two cores, one written for Node would take a
 * share of them that grows with what it measures. Debian's package `wrk`; https://github.com/wg/wrk.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../test/support/command.ts'
import type { Target } from './targets.ts'

/** Set by the connection, not by the script. */
const ownHeaders = new Set(['host', 'content-length'])

/** One burst of load on a target.
 *  @param load  durationMs: whole seconds
 *  @returns answers a second
 *  @throws Error when an answer was not 200, or there is no wrk */
export async function measureRate(
  target: Target,
  load: { connections: number; durationMs: number; payload: Buffer },
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'lair-bench-'))
  const script = join(folder, 'request.lua')
  const { path, lua } = toLua(target.requestFor(load.payload).toString('latin1'))
  writeFileSync(script, lua, 'latin1')
  const options = ['-t1', `-c${load.connections}`, `-d${Math.ceil(load.durationMs / 1000)}s`]
  const url = `http://127.0.0.1:${target.port}${path}`
  try {
    const result = await runCommand(['wrk', ...options, '-s', script, url], {
      environment: { PATH: process.env['PATH'] ?? '' },
      timeoutMs: load.durationMs + 60_000,
    })
    if (result.exitCode !== 0) throw new Error(`${target.name}: ${result.stderr}`)
    const summary = result.stdout.trim().split('\n').at(-1) ?? ''
    const [count, durationUs, errorCount] = summary.split(' ').map(Number)
    if (count === undefined || durationUs === undefined || errorCount !== 0) {
      throw new Error(`${target.name}: not every answer is 200:\n${result.stdout}`)
    }
    return (count * 1e6) / durationUs
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function toLua(request: string): { path: string; lua: string } {
  const end = request.indexOf('\r\n\r\n')
  const [line = '', ...fields] = request.slice(0, end).split('\r\n')
  const [method, path = '/'] = line.split(' ')
  const headers = fields
    .map((field) => [
      field.slice(0, field.indexOf(':')),
      field.slice(field.indexOf(':') + 1).trim(),
    ])
    .filter(([name = '']) => !ownHeaders.has(name.toLowerCase()))
    .map(([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`)
  const lua = `
wrk.method = ${quoted(method)}
wrk.body = ${quoted(request.slice(end + 4))}
${headers.join('\n')}
done = function(summary)
  local e = summary.errors
  print(summary.requests .. ' ' .. summary.duration .. ' ' .. (e.connect + e.read + e.write + e.status + e.timeout))
end
`
  return { path, lua }
}

/** A string of Lua; the text has bytes for characters. */
function quoted(text = ''): string {
  const escaped = text.replace(/[^ !#-[\]-~]/g, (character) => {
    return `\\${String(character.charCodeAt(0)).padStart(3, '0')}`
  })
  return `"${escaped}"`
}
