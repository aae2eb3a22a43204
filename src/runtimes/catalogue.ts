/** The catalogue: which program serves a runtime name, and what to do when none does. It looks at the machine when it is
 *  first asked, and again when a runtime was installed; it starts no process to find out. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import { scanPrograms, thisMachine } from './machine.ts'
import type { Machine } from './machine.ts'
import { managedRuntime } from './managed.ts'
import { isRuntimeName, parseRuntimeName, runtimeNames } from './names.ts'
import type { RuntimeName } from './names.ts'
import { runtimeVersionArn } from './program.ts'
import type { Program } from './program.ts'
import { remedyFor } from './remedies.ts'
import type { Catalogue, Runtime, UnavailableRuntime } from './runtime.ts'

export type CatalogueOptions = {
  /** Lair's data directory: installed runtimes are in its folder `runtimes` */
  readonly directory: string
  readonly clock?: Clock
  /** for tests; this machine by default */
  readonly machine?: Machine
}

/** A name that nothing serves is looked for again after this long: something may have been installed by hand. */
const rescanMs = 5_000

/** Where `lair runtimes install` puts runtimes. */
export function runtimesDirectory(directory: string): string {
  return join(directory, 'runtimes')
}

/** Make the catalogue of this machine. Cheap: nothing is looked at before the first question. */
export function createCatalogue(options: CatalogueOptions): Catalogue {
  const { clock = systemClock, machine = thisMachine() } = options
  const directory = runtimesDirectory(options.directory)
  const answers = new Map<string, Runtime | UnavailableRuntime>()
  let programs: readonly Program[] | undefined
  let stamp = -1
  let scannedAtMs = 0

  const scan = () => {
    const now = modifiedAtMs(directory)
    if (programs !== undefined && now === stamp) return programs
    stamp = now
    scannedAtMs = clock.monotonicMs()
    answers.clear()
    return (programs = scanPrograms(machine, directory))
  }
  const answer = (name: string) => {
    const current = scan()
    let found = answers.get(name)
    if (found === undefined) {
      found = resolve(parseRuntimeName(name), current, directory)
      answers.set(name, found)
    }
    return found
  }
  return {
    isKnown: isRuntimeName,
    find(name) {
      if (!isRuntimeName(name))
        return { name, remedy: `"${name}" is not the name of a Lambda runtime` }
      const found = answer(name)
      if ('argv' in found || clock.monotonicMs() - scannedAtMs < rescanMs) return found
      programs = undefined
      return answer(name)
    },
    list: () => runtimeNames.map(answer),
  }
}

function modifiedAtMs(directory: string): number {
  return statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function resolve(
  wanted: RuntimeName,
  programs: readonly Program[],
  directory: string,
): Runtime | UnavailableRuntime {
  if (wanted.family === 'provided') return providedRuntime(wanted.name)
  const program = nearest(wanted, programs)
  if (program !== undefined) return managedRuntime(wanted, program, directory)
  return { name: wanted.name, remedy: remedyFor(wanted) }
}

/** The program of the very series, else of the nearest newer one. An older one would lack what the code was written for; only
 *  for Ruby, whose versions differ little and which machines have one of, it is better than none. */
function nearest(wanted: RuntimeName, programs: readonly Program[]): Program | undefined {
  let newer: Program | undefined
  let older: Program | undefined
  for (const program of programs) {
    if (program.family !== wanted.family) continue
    if (program.series < wanted.series) {
      if (older === undefined || program.series > older.series) older = program
    } else if (newer === undefined || program.series < newer.series) newer = program
  }
  return newer ?? (wanted.family === 'ruby' ? older : undefined)
}

function providedRuntime(name: string): Runtime {
  const system = name === 'provided' ? 'al1' : name.slice('provided.'.length)
  return {
    name,
    family: 'provided',
    servedBy: name,
    argv: [],
    runtimeVersion: `provided:${system}.v1`,
    runtimeVersionArn: (region) => runtimeVersionArn(name, region),
    environment: () => ({}),
    startupVariables: [],
  }
}
