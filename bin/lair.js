#!/usr/bin/env node
/* Entry of the command: plain JavaScript, so that an older Node can still say one clear sentence. */
import { existsSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

const [major] = process.versions.node.split('.')

if (Number(major) < 24) {
  process.stderr.write(
    `Lair needs Node.js 24 or newer, and this is ${process.version}: install it from https://nodejs.org or with your version manager.\n`,
  )
  process.exitCode = 1
} else {
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lair'))
  const source = new URL('../src/main.ts', import.meta.url)
  const { main } = await import(existsSync(source) ? source.href : '../dist/main.js')
  await main(process.argv)
}
