/** `lair doctor`: what this machine can do, and what to do for more. */
import { accessSync, constants, existsSync } from 'node:fs'
import { lookup } from 'node:dns/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { createCatalogue } from '../runtimes/catalogue.ts'
import { canNameHosts, hostNamesLine } from '../sandbox/process/surroundings.ts'
import { defaults } from '../config.ts'
import { dataDirectory } from './data-directory.ts'
import { isAvailable } from './runtimes.ts'
import { print, printJson, styled } from './terminal.ts'

type Finding = {
  readonly what: string
  readonly state: 'ok' | 'missing' | 'broken'
  /** what it means, and what to do about it */
  readonly says: string
}

/** Look at the machine and print each finding; exit status 1 when something is broken. */
export async function doctor(options: { data: string; json?: boolean }): Promise<void> {
  const directory = dataDirectory(options.data)
  const findings = [
    nodeFinding(),
    directoryFinding(directory),
    await portFinding(),
    isolationFinding(),
    await telemetryFinding(),
    ...runtimeFindings(directory),
  ]
  if (findings.some((finding) => finding.state === 'broken')) process.exitCode = 1
  if (options.json) return printJson(findings)
  const marks = {
    ok: styled('green', '✓'),
    missing: styled('yellow', '–'),
    broken: styled('red', '✗'),
  }
  for (const finding of findings) {
    print(`${marks[finding.state]} ${finding.what.padEnd(16)} ${finding.says}`)
  }
}

function nodeFinding(): Finding {
  return {
    what: 'Node.js',
    state: 'ok',
    says: `${process.version} on ${process.platform} ${process.arch}`,
  }
}

function directoryFinding(directory: string): Finding {
  const what = 'data directory'
  try {
    let present = directory
    while (!existsSync(present)) present = dirname(present)
    accessSync(present, constants.R_OK | constants.W_OK | constants.X_OK)
    const says = present === directory ? directory : `${directory} (made by the first "lair start")`
    return { what, state: 'ok', says }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { what, state: 'broken', says: `${reason}: choose another with --data` }
  }
}

async function portFinding(): Promise<Finding> {
  const what = `port ${defaults.port}`
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(defaults.port, defaults.host, () => resolve(true))
  })
  await new Promise((resolve) => server.close(resolve))
  return isFree
    ? { what, state: 'ok', says: 'free' }
    : {
        what,
        state: 'missing',
        says: 'in use (a running Lair?): lair start --port 0 takes a free one',
      }
}

function isolationFinding(): Finding {
  return {
    what: 'isolation',
    state: 'missing',
    says: 'process: functions run as you, with your files in reach; run only code you trust',
  }
}

/** Many telemetry extensions listen at this name. */
async function telemetryFinding(): Promise<Finding> {
  const what = 'telemetry'
  const name = 'sandbox.localdomain'
  if (canNameHosts()) return { what, state: 'ok', says: `functions know ${name}` }
  const address = await lookup(name, 4).then(
    (found) => found.address,
    () => undefined,
  )
  if (address?.startsWith('127.')) return { what, state: 'ok', says: `${name} is ${address}` }
  return {
    what,
    state: 'missing',
    says: `extensions cannot listen at ${name}: add the line "${hostNamesLine}" to /etc/hosts`,
  }
}

/** One finding per family's newest names; deprecated names are left to `lair runtimes`. */
function runtimeFindings(directory: string): Finding[] {
  const current =
    /^(nodejs2[246]\.x|python3\.1[1-4]|java(17|21|25)|ruby3\.4|dotnet(8|10)|provided\.al2023)$/
  return createCatalogue({ directory })
    .list()
    .filter((entry) => current.test(entry.name))
    .map((entry): Finding => {
      if (!isAvailable(entry)) return { what: entry.name, state: 'missing', says: entry.remedy }
      const program = entry.argv[0] ?? 'any program named bootstrap'
      const by = entry.servedBy === entry.name ? '' : ` (${entry.servedBy} instead)`
      return { what: entry.name, state: 'ok', says: `${program}${by}` }
    })
}
