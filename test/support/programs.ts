/**
 * The real runtime clients as deployable functions. scripts/prepare-compat.ts builds them, unmodified from their registries, into
 * .cache/compat/programs/<name>/ (what the zip holds) and <name>.zip; tests and benchmarks read them here.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { skipOrFail } from './tools.ts'

/** Folder of everything that was built or downloaded for compatibility tests; not in version control. */
export const cacheFolder = resolve(import.meta.dirname, '../../.cache/compat')

/** Sources of the functions. */
export const sourceFolder = resolve(import.meta.dirname, 'programs')

/** Each brings its runtime client and a `bootstrap`, answers {"runtime": …, "event": …} and does what the event asks for
 *  (test/compat/runtime-client-contract.ts). */
export const programNames = ['bash', 'rust', 'go', 'python', 'node3', 'node4', 'java'] as const
export type ProgramName = (typeof programNames)[number]

/** What is built besides: classes for the managed Java, a layer with an extension on Rust's crate. */
export const partNames = ['java-classes', 'rust-extension'] as const
export type PartName = (typeof partNames)[number]

/** A data directory in which the Java runtime interface client is installed, as `lair runtimes install` leaves it. */
export const javaDataFolder = join(cacheFolder, 'data')

/** AWS's Runtime Interface Emulator, as its own SAM CLI ships it. */
export const emulatorPath = join(cacheFolder, 'aws-lambda-rie')

/** An adapter for web servers, which is an external extension: one program without a runtime client. */
export const adapterPath = join(cacheFolder, 'lambda-adapter')

/** Python's debugger: what `pip install debugpy -t` brings. */
export const debugpyFolder = join(cacheFolder, 'debugpy')

/** A boto3 that knows response streams: the system's may be older. */
export const boto3Folder = join(cacheFolder, 'boto3')

export type PreparedProgram = {
  /** unpacked */
  readonly folder: string
  readonly zip: Buffer
}

export const programFolder = (name: ProgramName | PartName): string =>
  join(cacheFolder, 'programs', name)
export const programZipPath = (name: ProgramName | PartName): string => `${programFolder(name)}.zip`

/** A prepared program, or undefined when nobody prepared it. */
export function findProgram(name: ProgramName | PartName): PreparedProgram | undefined {
  const zipPath = programZipPath(name)
  if (!existsSync(zipPath)) return undefined
  return { folder: programFolder(name), zip: readFileSync(zipPath) }
}

/** A prepared program; without it the test is skipped with a sentence, in CI it fails. */
export function requireProgram(
  t: TestContext,
  name: ProgramName | PartName,
): PreparedProgram | undefined {
  const program = findProgram(name)
  if (!program) {
    skipOrFail(t, `The program ${name} is not built: run "node scripts/prepare-compat.ts"`)
  }
  return program
}
